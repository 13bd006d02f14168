import type { Command } from 'commander';
import { type Io, write } from '../../io.ts';
import { number } from '../../../core/quantity.ts';
import {
  addKeeperOptions,
  asJsonOr,
  adminFrom,
  type AdminOptions,
  keepingProgress,
} from './admin-option.ts';

export function define(command: Command): void {
  addKeeperOptions(command.argument('<file>', 'what "portolan db backup" wrote'))
    .option('--replace', 'remove what the store holds; without it the store has to be empty')
    .addHelpText('after', examples);
}

const examples = `
All of the backup is restored or nothing, and its rows are counted. A backup of an older Portolan
is brought up to date. A backup goes into the kind of store that it is of: "portolan db copy" goes
from one kind to the other.

Examples:
  portolan db restore monday.db --db restored.db
  portolan db restore monday.sql.zst --db postgres://portolan@db.example/restored`;

export async function run(
  io: Io,
  [file]: [string],
  options: AdminOptions & { readonly json?: boolean; readonly replace?: boolean },
): Promise<void> {
  await using admin = await adminFrom(io, options);
  using progress = keepingProgress(io);
  const replace = options.replace ?? false;
  const report = await admin.restore(file, { replace, ...progress.options });
  progress[Symbol.dispose]();
  const rows = Object.values(report.rows).reduce((sum, each) => sum + each, 0);
  const text = `${admin.location}: ${number(rows)} rows in ${Object.keys(report.rows).length} tables\n`;
  await write(io.stdout, asJsonOr(options.json, { location: admin.location, ...report }, text));
}
