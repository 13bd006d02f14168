import { statSync } from 'node:fs';
import type { Store } from '../../store/store.ts';

/** A write this short ago may be followed by another that leaves the file's time as it is. */
const coarseMs = 100;

/**
 * A text that is another one when anything in the store has changed. It may change without a
 * reason, but never stays the same by mistake: where that cannot be told, it is new each time.
 */
export function storeStamp(store: Store, now = Date.now()): string {
  const parts = [store.location, `${store.location}-wal`].map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.size === 0) return '';
    if (Math.abs(now - found.mtimeMs) < coarseMs) return `now ${now} ${Math.random()}`;
    return `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return parts.join(' ');
}
