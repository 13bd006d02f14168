import type { Command } from 'commander';
import { type Io, write } from '../../io.ts';
import { bytes, number } from '../../../core/quantity.ts';
import {
  addKeeperOptions,
  asJsonOr,
  adminFrom,
  type AdminOptions,
  keepingProgress,
} from './admin-option.ts';

export function define(command: Command): void {
  addKeeperOptions(command.argument('<file>', 'a new file')).addHelpText('after', examples);
}

const examples = `
The store as it is at one moment; scans go on meanwhile. A SQLite store becomes a SQLite file,
checked after it was written. A PostgreSQL store becomes SQL text, packed with zstd: every tenant's
rows, for "portolan db restore" or for psql.

Examples:
  portolan db backup monday.db
  portolan db backup monday.sql.zst --db postgres://portolan@db.example/portolan`;

export async function run(
  io: Io,
  [file]: [string],
  options: AdminOptions & { readonly json?: boolean },
): Promise<void> {
  await using admin = await adminFrom(io, options);
  using progress = keepingProgress(io);
  const report = await admin.backup(file, progress.options);
  progress[Symbol.dispose]();
  await write(io.stdout, asJsonOr(options.json, report, `${report.path}\n`));
  if (options.json) return;
  const rows = Object.values(report.rows).reduce((sum, each) => sum + each, 0);
  await write(io.stderr, `${number(rows)} rows, ${bytes(report.bytes)}\n`);
}
