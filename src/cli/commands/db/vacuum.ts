import { bytes, count, number } from '../../../core/quantity.ts';
import { adminCommand } from './admin-command.ts';

export const vacuum = adminCommand({
  help: `
SQLite: rewrites the file without gaps and with new statistics. That needs as much free disk space as
the file takes, and blocks other writers meanwhile. PostgreSQL: runs VACUUM (ANALYZE), refreshes the
summaries of dashboards and creates the partitions of the next months; others continue to work.

Example:
  portolan db vacuum`,
  async work({ admin, progress }) {
    const report = await admin.vacuum(progress);
    const { bytesBefore, bytesAfter, tables, refreshed, partitionsMade } = report;
    const lines = [
      `${count(tables, 'table')}; ${bytes(bytesBefore)} before, ${bytes(bytesAfter)} now\n`,
      ...Object.entries(refreshed).map(([view, rows]) => `${view}: ${number(rows)} rows\n`),
      partitionsMade > 0 ? `${count(partitionsMade, 'partition')} created ahead\n` : '',
    ];
    return { json: report, text: lines.join('') };
  },
});
