import { openDatabase } from '../../database/driver.ts';

/** Detects commits to a SQLite file by any process. */
export interface CommitWatch extends Disposable {
  /** Resolves at the next commit, on timeout, or when the signal aborts. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** Polling interval, ms. Each poll reads a counter in shared memory, in some microseconds. */
const pollMs = 15;

/**
 * Watches a file on a separate connection: `data_version` counts others' commits.
 */
export function watchCommits(path: string): CommitWatch {
  const db = openDatabase(path, { readOnly: true });
  const statement = db.prepare('PRAGMA data_version');
  const look = (): number | undefined => statement.get<{ data_version: number }>()?.data_version;
  const waiting = new Set<() => void>();
  let version = look();
  const timer = setInterval(() => {
    const now = look();
    if (now === version) return;
    version = now;
    for (const wake of waiting) wake();
  }, pollMs);
  return {
    next(timeoutMs, signal) {
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timeout);
          signal.removeEventListener('abort', done);
          waiting.delete(done);
          resolve();
        };
        const timeout = setTimeout(done, timeoutMs);
        waiting.add(done);
        if (signal.aborted) done();
        else signal.addEventListener('abort', done);
      });
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const wake of waiting) wake();
      db.close();
    },
  };
}
