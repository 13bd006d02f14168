import { statSync } from 'node:fs';
import { sql } from '../../store/sql.ts';
import type { Store } from '../../store/store.ts';

/** Another write within this time may leave the file's time as it is. */
const coarseMs = 100;

/**
 * A text that differs after any change in the store. It may differ without a change, but is never
 * the same by mistake: in doubt it is new each time.
 */
export async function storeStamp(store: Store, now = Date.now()): Promise<string> {
  if (store.kind === 'postgres') {
    // Every write takes a transaction id.
    const [row] = await store.database.query<{ stamp: string }>(
      sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS stamp`,
    );
    return row?.stamp ?? `now ${now}`;
  }
  const parts = [store.location, `${store.location}-wal`].map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.size === 0) return '';
    if (Math.abs(now - found.mtimeMs) < coarseMs) return `now ${now} ${Math.random()}`;
    return `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return parts.join(' ');
}
