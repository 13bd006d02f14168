import { AppError } from '../errors.ts';
import type { Job } from '../store/jobs.ts';
import type { Store } from '../store/store.ts';
import { runScan } from './run-scan.ts';

/** Runs scans in this process, a few at once. */
export interface Launcher {
  /** Runs a scan as soon as there is room; one that waits or runs here is left as it is. */
  launch(scan: string): void;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
}

/** How a launcher runs scans. */
export interface LauncherOptions {
  /** Scans at once. */
  readonly concurrency: number;
  /** Ends those that run, as cancelled, and begins no other. */
  readonly signal: AbortSignal;
  /** Told of each scan that ended, or paused. */
  readonly onEnd?: (job: Job) => void;
  readonly onError?: (error: Error) => void;
}

/** Makes a launcher. */
export function newLauncher(store: Store, options: LauncherOptions): Launcher {
  const { concurrency, signal, onEnd, onError } = options;
  const waiting: string[] = [];
  const running = new Map<string, Promise<void>>();
  const run = async (scan: string): Promise<void> => {
    try {
      onEnd?.(await runScan(store, scan, { signal }));
    } catch (error) {
      // Another process took it, or somebody ended it, before this one began.
      const isTaken = error instanceof AppError && error.code === 'ILLEGAL_TRANSITION';
      if (!isTaken) onError?.(error as Error);
    } finally {
      running.delete(scan);
      fill();
    }
  };
  const fill = (): void => {
    while (!signal.aborted && running.size < concurrency) {
      const scan = waiting.shift();
      if (scan === undefined) return;
      running.set(scan, run(scan));
    }
  };
  return {
    launch(scan) {
      if (running.has(scan) || waiting.includes(scan)) return;
      waiting.push(scan);
      fill();
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
