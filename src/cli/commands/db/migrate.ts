import { count } from '../../../core/quantity.ts';
import { adminCommand, type AdminOptions } from './admin-command.ts';

type Options = AdminOptions & { readonly dryRun?: boolean };

export const migrate = adminCommand<Options>({
  define: (command) => command.option('--dry-run', 'only print what would be applied'),
  help: `
Any number of processes may migrate at once: one runs each migration, and all succeed. Every command
that writes migrates a SQLite store; a PostgreSQL store is migrated by this command alone, as the
owner of its tables.

Examples:
  portolan db migrate --dry-run
  portolan db migrate --db postgres://portolan@db.example/portolan`,
  async work({ admin, options: { dryRun: isDryRun = false } }) {
    const steps = await admin.migrate({ isDryRun });
    const { location } = admin;
    const done = `${count(steps.length, 'migration')} ${isDryRun ? 'would be' : 'were'} applied`;
    return {
      json: { location, isDryRun, applied: steps },
      text: steps.map(({ version, description }) => `${version}  ${description}\n`).join(''),
      note: steps.length === 0 ? `${location} is up to date.\n` : `${done} to ${location}.\n`,
    };
  },
});
