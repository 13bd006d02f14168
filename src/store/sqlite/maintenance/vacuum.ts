import { retryBusy } from '../../../database/busy.ts';
import type { VacuumReport } from '../../maintenance/vacuum.ts';
import type { SqliteFile } from './file.ts';
import { sizeOf } from './status.ts';

/**
 * Rewrites the file without the gaps left by removed rows, and refreshes statistics. It needs as
 * much disk space as the file, and waits for other transactions.
 */
export function vacuumFile({ path, use }: SqliteFile): Promise<VacuumReport> {
  return use(async (db) => {
    const bytesBefore = sizeOf(path);
    await retryBusy(() => {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
    await retryBusy(() => {
      db.exec('VACUUM');
    });
    await retryBusy(() => {
      db.exec('ANALYZE');
    });
    await retryBusy(() => {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
    const tables = db
      .prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'")
      .get()?.['n'];
    return {
      bytesBefore,
      bytesAfter: sizeOf(path),
      tables: Number(tables),
      refreshed: {},
      partitionsMade: 0,
    };
  });
}
