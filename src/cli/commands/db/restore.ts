import { number } from '../../../core/quantity.ts';
import { adminCommand, type AdminOptions, totalRows } from './admin-command.ts';

type Options = AdminOptions & { readonly replace?: boolean };

export const restore = adminCommand<Options>({
  define: (command) =>
    command
      .argument('<file>', 'a file that "portolan db backup" wrote')
      .option('--replace', 'remove what the store holds; otherwise the store must be empty'),
  help: `
Restores the whole backup or nothing, and counts its rows. A backup of an older Portolan is migrated.
A backup is restored into a store of its own kind; use "portolan db copy" to change the kind.

Examples:
  portolan db restore monday.db --db restored.db
  portolan db restore monday.sql.zst --db postgres://portolan@db.example/restored`,
  async work({ admin, operands: [file = ''], options, progress }) {
    const report = await admin.restore(file, { replace: options.replace ?? false, ...progress });
    const { location } = admin;
    const tables = Object.keys(report.rows).length;
    return {
      json: { location, ...report },
      text: `${location}: ${number(totalRows(report.rows))} rows in ${tables} tables\n`,
    };
  },
});
