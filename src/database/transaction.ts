import { retryBusy } from './busy.ts';
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
    rollBack(db);
    throw error;
  }
}

/**
 * The same for work that waits, and that keeps others from the connection meanwhile.
 *
 * @throws what `work` throws; SQLITE_BUSY where another connection writes for half a minute
 */
export async function asyncTransaction<T>(db: DatabaseSync, work: () => Promise<T>): Promise<T> {
  await retryBusy(() => db.exec('BEGIN IMMEDIATE'));
  try {
    const result = await work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

/** A full disk has rolled the transaction back already. */
function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec('ROLLBACK');
}
