import { parsePortWords } from '../../../portman/port-number.ts';
import type { PortState } from '../../../portman/port-state.ts';
import { scanPorts } from '../../../portman/scan-ports.ts';
import type { Io } from '../../io.ts';
import type { OutputOptions } from '../../output.ts';
import { parsedOption } from '../../option-values.ts';
import { portTable } from './port-table.ts';
import { registryTable } from './registry-command.ts';

interface ScanOptions extends OutputOptions {
  readonly range?: { start: number; end: number };
  readonly reserved?: boolean;
  readonly record?: boolean;
  readonly db?: string;
}

const examples = `
Examples:
  portman scan
  portman scan --range 3000-9999 --json
  portman scan --record && portolan host 127.0.0.1`;

/** Lists every listening socket of this machine with its process and project. */
const table = registryTable<PortState, [], ScanOptions>({
  define: (command) =>
    command
      .option('--range <a-b>', 'only ports of this range', parsedOption(parseRange))
      .option('--reserved', 'only ports that are reserved')
      .option('--record', 'also record all of them as a scan, for their history')
      .option('--db <path>', 'store for --record (default: PORTOLAN_DB, ~/.portolan/results.db)'),
  help: examples,
  async work(registry, { options: { range, reserved } }) {
    return { rows: (await scanPorts(registry, { ...range, reserved })).states };
  },
  ...portTable,
  empty: 'No listeners.',
});

export const { define } = table;

export async function run(io: Io, _: readonly unknown[], options: ScanOptions): Promise<void> {
  await table.run(io, [], options, []);
  if (!options.record) return;
  const { recordListeners } = await import('../../record-listeners.ts');
  await recordListeners(io, options);
}

function parseRange(text: string): { start: number; end: number } {
  const ports = parsePortWords([text]);
  return { start: Math.min(...ports), end: Math.max(...ports) };
}
