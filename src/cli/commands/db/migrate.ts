import type { Command } from 'commander';
import { type Io, write } from '../../io.ts';
import { count } from '../../../core/quantity.ts';
import { addKeeperOptions, asJsonOr, adminFrom, type AdminOptions } from './admin-option.ts';

export function define(command: Command): void {
  addKeeperOptions(command)
    .option('--dry-run', 'only say what would be applied')
    .addHelpText('after', examples);
}

const examples = `
Any number of processes may migrate at once: one does each step, all succeed. A SQLite store is
brought up to date by every command that writes; a PostgreSQL store by this one alone, which needs
the owner of its tables.

Examples:
  portolan db migrate --dry-run
  portolan db migrate --db postgres://portolan@db.example/portolan`;

export async function run(
  io: Io,
  _: readonly unknown[],
  options: AdminOptions & { readonly json?: boolean; readonly dryRun?: boolean },
): Promise<void> {
  await using admin = await adminFrom(io, options);
  const isDryRun = options.dryRun ?? false;
  const steps = await admin.migrate({ isDryRun });
  const { location } = admin;
  const done =
    steps.length === 0
      ? `${location} is up to date.\n`
      : `${count(steps.length, 'migration')} ${isDryRun ? 'would be' : 'were'} applied to ${location}.\n`;
  const lines = steps.map(({ version, description }) => `${version}  ${description}\n`).join('');
  await write(io.stdout, asJsonOr(options.json, { location, isDryRun, applied: steps }, lines));
  if (!options.json) await write(io.stderr, done);
}
