import { systemClock } from '../core/clock.ts';
import type { Job } from '../store/scans/jobs.ts';
import type { Store } from '../store/store.ts';
import { newLauncher } from './launcher.ts';
import { passSchedules, runSchedules, type SchedulerOptions, storesOf } from './run-schedules.ts';

/** What the scheduler of a process does, and who hears of it. */
interface SchedulerSettings extends Omit<SchedulerOptions, 'clock' | 'launch'> {
  /** Ends as soon as what is due now is done. */
  readonly once?: boolean | undefined;
  /** Scans at once in this process; undefined leaves all of them to workers. */
  readonly concurrency: number | undefined;
  /** Called when it begins to wait for ticks. */
  readonly onReady?: () => void;
  /** Called with each scan that ended or paused here. */
  readonly onScanEnd?: (scan: Job) => void;
}

/**
 * Runs the scans of schedules in this process, until the signal aborts or, with `once`, until what
 * is due now is done. Scans that run at an abort are paused; the next scheduler resumes them.
 *
 * @throws AppError where the connection may not see every tenant and `isForAll` asks for that
 */
export async function runScheduler(store: Store, settings: SchedulerSettings): Promise<void> {
  const { once, concurrency, signal, onError, onReady, onScanEnd } = settings;
  // A missing permission shows at the start, not once per second.
  await storesOf(store, settings);
  const launcher = newLauncher({
    concurrency: concurrency ?? 1,
    signal,
    onEnd: onScanEnd,
    onError,
  });
  const options: SchedulerOptions = {
    ...settings,
    clock: systemClock,
    ...(concurrency !== undefined && { launch: (...scan) => launcher.launch(...scan) }),
  };
  const pass = async (): Promise<void> => {
    for (const each of await storesOf(store, options)) await passSchedules(each, options);
  };
  if (once) {
    await pass();
    await launcher.idle();
    // A second pass records how those scans ended.
    if (!signal.aborted) await pass();
  } else {
    onReady?.();
    await runSchedules(store, options);
  }
  await launcher.idle();
}
