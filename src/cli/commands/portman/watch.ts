import type { Command } from 'commander';
import { type PortChange, type WatchFrame, watchPorts } from '../../../portman/watch.ts';
import { type Io, write } from '../../io.ts';
import { hasColor } from '../../output.ts';
import { renderTable } from '../../table.ts';
import { integerOption } from '../../option-values.ts';
import { portTable } from './port-table.ts';
import { withRegistry } from './registry-command.ts';

interface WatchOptions {
  readonly interval?: number;
  readonly json?: boolean;
  readonly color?: boolean;
}

/** Lines of news that stay below the table. */
const shownChanges = 10;

export function define(command: Command): void {
  command
    .option('--interval <ms>', 'time between two checks (default: 1000)', integerOption(50))
    .option('--json', 'print one JSON object per change')
    .option('--no-color', 'no colors (as NO_COLOR=1)')
    .addHelpText(
      'after',
      '\nShows a live table on a terminal, one line per change elsewhere. Ctrl-C stops it.\n' +
        '\nExamples:\n  portman watch\n  portman watch --json | jq .kind',
    );
}

/** Shows the reserved ports as they change. */
export async function run(io: Io, _: readonly unknown[], options: WatchOptions): Promise<void> {
  const { interval: intervalMs = 1000, json } = options;
  const isLive = io.stdout.isTTY === true && !json;
  const textOf = json ? (each: PortChange) => `${JSON.stringify(each)}\n` : describe;
  const news: string[] = [];
  await withRegistry(io, async (registry) => {
    if (isLive) await write(io.stdout, '\u001b[?25l');
    try {
      for await (const frame of watchPorts(registry, { intervalMs, signal: io.signal })) {
        news.push(...frame.changes.map(textOf));
        if (isLive) {
          news.splice(0, Math.max(0, news.length - shownChanges));
          await write(
            io.stdout,
            `\u001b[H\u001b[2J${tableOf(io, options, frame)}\n${news.join('')}`,
          );
        } else {
          await write(io.stdout, news.splice(0).join(''));
        }
      }
    } finally {
      if (isLive) await write(io.stdout, '\u001b[?25h');
    }
  });
}

function tableOf(io: Io, options: WatchOptions, { states }: WatchFrame): string {
  if (states.length === 0) return 'No ports are reserved.\n';
  const width = io.stdout.columns;
  return renderTable(states, portTable.columns, { width, color: hasColor(io, options) });
}

const words = {
  reserved: 'reserved',
  'in-use': 'in use',
  stopped: 'listener stopped',
  released: 'released',
  taken: 'TAKEN by another process',
  left: 'no longer taken',
} as const;

function describe({ at, port, kind, project, pid, process, user }: PortChange): string {
  const who = pid === null ? (user ?? '') : `${process ?? 'process'} ${pid} of ${user ?? '?'}`;
  const time = at.slice(11, 19);
  return `${time}  ${port}  ${words[kind]}  (${project})${who ? `: ${who}` : ''}\n`;
}
