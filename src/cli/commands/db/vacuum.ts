import type { Command } from 'commander';
import { type Io, write } from '../../io.ts';
import { bytes, count, number } from '../../../core/quantity.ts';
import {
  addKeeperOptions,
  asJsonOr,
  adminFrom,
  type AdminOptions,
  keepingProgress,
} from './admin-option.ts';

export function define(command: Command): void {
  addKeeperOptions(command).addHelpText('after', examples);
}

const examples = `
SQLite: writes the file anew without gaps, with new statistics; it needs as much room as the file
has, and keeps others from writing meanwhile. PostgreSQL: VACUUM (ANALYZE), refreshes the summaries
of dashboards, makes the partitions of the next months; others go on working.

Example:
  portolan db vacuum`;

export async function run(
  io: Io,
  _: readonly unknown[],
  options: AdminOptions & { readonly json?: boolean },
): Promise<void> {
  await using admin = await adminFrom(io, options);
  using progress = keepingProgress(io);
  const report = await admin.vacuum(progress.options);
  progress[Symbol.dispose]();
  const { bytesBefore, bytesAfter, tables, refreshed, partitionsMade } = report;
  const text =
    `${count(tables, 'table')}; ${bytes(bytesBefore)} before, ${bytes(bytesAfter)} now\n` +
    Object.entries(refreshed)
      .map(([view, rows]) => `${view}: ${number(rows)} rows\n`)
      .join('') +
    (partitionsMade > 0 ? `${count(partitionsMade, 'partition')} made ahead\n` : '');
  await write(io.stdout, asJsonOr(options.json, report, text));
}
