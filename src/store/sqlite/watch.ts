import { openDatabase } from '../../database/driver.ts';

/** Sees that somebody, this process or another, has committed something to a SQLite file. */
export interface CommitWatch extends Disposable {
  /** Resolves at the next commit, when so much time has passed, or when the signal aborts. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** How often the file is looked at, ms: a counter in shared memory, some microseconds each time. */
const pollMs = 15;

/** Watches a file by a connection of its own: `data_version` counts the commits of all others. */
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
