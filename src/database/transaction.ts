import type { DatabaseSync } from './driver.ts';

/**
 * Runs `work` in a transaction that takes the write lock at once, and undoes it where it throws.
 * It is synchronous, so that nothing else in this process can come between.
 *
 * @throws what `work` throws; SQLITE_BUSY where another connection writes
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    if (result instanceof Promise) throw new TypeError('a transaction cannot wait for a promise');
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has rolled back by itself already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
