import type { Command } from 'commander';
import { type HistoryEntry, readHistory } from '../../../portman/history.ts';
import { parsePort } from '../../../portman/port-number.ts';
import type { Io } from '../../io.ts';
import { addOutputOptions, type OutputOptions, writeRows } from '../../output.ts';
import type { Column } from '../../../resources/resource.ts';
import { integerOption } from '../../option-values.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  addOutputOptions(command.argument('[port]', 'only this port', parsePort))
    .option('--limit <count>', 'at most so many (default: 100)', integerOption(1))
    .addHelpText('after', '\nExamples:\n  portman history 3000\n  portman history --json');
}

const columns: readonly Column<HistoryEntry>[] = [
  { title: 'time', value: ({ performedAt }) => performedAt },
  { title: 'port', value: ({ port }) => port, align: 'right' },
  { title: 'action', value: ({ action }) => action },
  { title: 'project', value: ({ projectName }) => projectName },
  { title: 'by', value: ({ performedBy }) => performedBy },
  { title: 'details', value: ({ details }) => details },
];

/** Shows what happened to ports, latest first. */
export async function run(
  io: Io,
  [port]: [number | undefined],
  options: OutputOptions & { readonly limit?: number },
): Promise<void> {
  const rows = await withRegistry(io, (registry) =>
    Promise.resolve(readHistory(registry, { port, limit: options.limit })),
  );
  await writeRows(io, options, { rows, shape: { columns, empty: 'Nothing has happened yet.' } });
}
