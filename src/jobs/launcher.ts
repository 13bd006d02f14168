import { AppError, errorOf } from '../errors.ts';
import { getJob, type Job } from '../store/scans/jobs.ts';
import { planJob } from '../store/scans/planned-scan.ts';
import { holdScan } from '../store/setup/schedule-runs.ts';
import type { Store } from '../store/store.ts';
import { runScan } from './run-scan.ts';

/** Runs scans in this process, a few at once. */
export interface Launcher {
  /** Runs a scan as soon as there is room; one that waits or runs here is left as it is. */
  launch(store: Store, scan: string): void;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
}

/** How a launcher runs scans. */
export interface LauncherOptions {
  /** Scans at once. */
  readonly concurrency: number;
  /** Stops those that run, so that they are resumed later, and starts no other. */
  readonly signal: AbortSignal;
  /** Called with each scan that ended or paused. */
  readonly onEnd?: (job: Job) => void;
  readonly onError?: (error: Error) => void;
}

export function newLauncher(options: LauncherOptions): Launcher {
  const { concurrency, signal, onEnd, onError } = options;
  const waiting = new Map<string, Store>();
  const running = new Map<string, Promise<void>>();
  const run = async (store: Store, scan: string): Promise<void> => {
    try {
      const leave = (id: string): Promise<void> => holdScan(store.database, id, Date.now());
      const planned = planJob(await getJob(store.database, scan));
      const job = await runScan(store, planned, { signal, leave });
      onEnd?.(job);
    } catch (error) {
      // Another process took it, or somebody ended it, before this one began.
      const isTaken = error instanceof AppError && error.code === 'ILLEGAL_TRANSITION';
      if (!isTaken) onError?.(errorOf(error));
    } finally {
      running.delete(scan);
      fill();
    }
  };
  const fill = (): void => {
    while (!signal.aborted && running.size < concurrency) {
      const [next] = waiting;
      if (next === undefined) return;
      const [scan, store] = next;
      waiting.delete(scan);
      running.set(scan, run(store, scan));
    }
  };
  return {
    launch(store, scan) {
      if (running.has(scan) || waiting.has(scan)) return;
      waiting.set(scan, store);
      fill();
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
