import { type Command, InvalidArgumentError } from 'commander';
import { parsePortWords } from '../../../portman/port-number.ts';
import { scanPorts } from '../../../portman/scan-ports.ts';
import type { Io } from '../../io.ts';
import { addOutputOptions, formatOf, type OutputOptions, writeRows } from '../../output.ts';
import { portColumns, portRecord } from './port-columns.ts';
import { withRegistry } from './with-registry.ts';

interface ScanOptions extends OutputOptions {
  readonly range?: { start: number; end: number };
  readonly reserved?: boolean;
  readonly record?: boolean;
  readonly db?: string;
}

export function define(command: Command): void {
  addOutputOptions(command)
    .option('--range <a-b>', 'only ports of this range', parseRange)
    .option('--reserved', 'only ports that are reserved')
    .option('--record', 'also record all of them as a scan, for their history')
    .option('--db <path>', 'store for --record (default: PORTOLAN_DB, ~/.portolan/results.db)')
    .addHelpText('after', examples);
}

const examples = `
Examples:
  portman scan
  portman scan --range 3000-9999 --json
  portman scan --record && portolan host 127.0.0.1`;

function parseRange(text: string): { start: number; end: number } {
  try {
    const ports = parsePortWords([text]);
    return { start: Math.min(...ports), end: Math.max(...ports) };
  } catch {
    throw new InvalidArgumentError('Give a range: 3000-9999.');
  }
}

/** Lists every listening socket of this machine with its process and project. */
export async function run(io: Io, _: readonly unknown[], options: ScanOptions): Promise<void> {
  const { range, reserved } = options;
  const { states } = await withRegistry(io, (registry) =>
    scanPorts(registry, { ...range, reserved }),
  );
  await writeRows(io, options, {
    rows: states,
    shape: {
      columns: portColumns,
      empty: 'No listeners.',
      ...(formatOf(options) === 'csv' ? { toJson: portRecord } : {}),
    },
  });
  if (options.record) {
    const { recordListeners } = await import('../../record-listeners.ts');
    await recordListeners(io, options);
  }
}
