import { bytes, number } from '../../../core/quantity.ts';
import { adminCommand, totalRows } from './admin-command.ts';

export const backup = adminCommand({
  define: (command) => command.argument('<file>', 'a new file'),
  help: `
Writes the store as of one moment; scans may continue meanwhile. A SQLite store becomes a SQLite
file, verified after it was written. A PostgreSQL store becomes SQL text compressed with zstd: the
rows of every tenant, for "portolan db restore" or for psql.

Examples:
  portolan db backup monday.db
  portolan db backup monday.sql.zst --db postgres://portolan@db.example/portolan`,
  async work({ admin, operands: [file = ''], progress }) {
    const report = await admin.backup(file, progress);
    return {
      json: report,
      text: `${report.path}\n`,
      note: `${number(totalRows(report.rows))} rows, ${bytes(report.bytes)}\n`,
    };
  },
});
