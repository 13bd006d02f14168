import type { Queue } from '../store.ts';
import { watchCommits } from './watch.ts';

/** How long a worker waits at most before it looks for work that has become due, ms. */
const patienceMs = 1000;

/**
 * Calls the workers of a SQLite file: each looks for work itself and, where there is none, again
 * after the next commit of any process.
 */
export async function runSqliteQueue(path: string, tenantId: string, queue: Queue): Promise<void> {
  using watch = watchCommits(path);
  const { concurrency, signal, work, onReady } = queue;
  onReady?.();
  const serve = async (): Promise<void> => {
    while (!signal.aborted) {
      // Starts watching before the check, so that no commit in between is missed.
      const changed = watch.next(patienceMs, signal);
      if (!(await work(tenantId))) await changed;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, serve));
}
