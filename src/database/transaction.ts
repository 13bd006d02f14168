import { retryBusy } from './busy.ts';
import type { DatabaseSync } from './driver.ts';

/**
 * Runs `work` in a transaction that takes the write lock at once, and rolls back if it throws. It
 * is synchronous, so nothing else in this process can interleave.
 *
 * @throws what `work` throws; SQLITE_BUSY if another connection is writing
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
 * The same for asynchronous work, which must keep others off the connection.
 *
 * @throws what `work` throws; SQLITE_BUSY if another connection writes for half a minute
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

/** A full disk has already rolled the transaction back. */
function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec('ROLLBACK');
}
