import { statSync } from 'node:fs';
import { sql } from '../../store/sql.ts';
import type { Store } from '../../store/store.ts';

/** A write this short ago may be followed by another that leaves the file's time as it is. */
const coarseMs = 100;

/**
 * A text that is another one when anything in the store has changed. It may change without a
 * reason, but never stays the same by mistake: where that cannot be told, it is new each time.
 */
export async function storeStamp(store: Store, now = Date.now()): Promise<string> {
  if (store.kind === 'postgres') {
    // Whoever writes takes a transaction's number.
    const [row] = await store.database.query<{ stamp: string }>(
      sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS stamp`,
    );
    return row!.stamp;
  }

  const parts = [store.location, `${store.location}-wal`].map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.size === 0) return '';
    if (Math.abs(now - found.mtimeMs) < coarseMs) return `now ${now} ${Math.random()}`;
    return `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return parts.join(' ');
}
