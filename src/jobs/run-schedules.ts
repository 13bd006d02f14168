import type { Clock } from '../core/clock.ts';
import { AppError } from '../errors.ts';
import { markCrashedJobs } from '../store/job-end.ts';
import { pauseJob, resumeJob } from '../store/job-commands.ts';
import { endRun, type ScheduleRun, setRunPaused, startedRuns } from '../store/schedule-runs.ts';
import { dueSchedules, listSchedules, nextTick } from '../store/schedules.ts';
import type { Store } from '../store/store.ts';
import { isAllowed, runTicks, type TickOutcome } from './tick.ts';

/** How a scheduler works. */
export interface SchedulerOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The version that the scans are recorded with. */
  readonly toolVersion: string;
  /**
   * Runs a scan that is pending, or goes on with one that is paused; told again of a scan that
   * still is so, and of those that other schedulers see too. Without it workers run them.
   */
  readonly launch?: (scan: string) => void;
  /** Told of each tick that this scheduler decided. */
  readonly onTick?: (outcome: TickOutcome) => void;
  /** Told of a schedule that was suspended for its failures. */
  readonly onSuspend?: (schedule: string) => void;
  /** Told of what failed; the scheduler goes on. */
  readonly onError?: (error: Error) => void;
}

/** How often schedules are looked at, since others add them and clocks are set, ms. */
const lookMs = 1000;

/** A scan whose process vanished may be begun again; after so long it counts as failed, ms. */
const crashedMs = 60_000;

/**
 * Makes the tenant's scans when their time has come, until the signal aborts. Any number of
 * schedulers may share a store: each tick is one run.
 */
export async function runSchedules(store: Store, options: SchedulerOptions): Promise<void> {
  const { clock, signal, onError } = options;
  while (!signal.aborted) {
    let next: number | undefined;
    try {
      await passSchedules(store, options);
      next = await nextTick(store.database);
    } catch (error) {
      if (!onError) throw error;
      onError(error as Error);
    }
    const untilNext = (next ?? Number.POSITIVE_INFINITY) - clock.now();
    await clock.wait(Math.max(10, Math.min(lookMs, untilNext)), signal);
  }
}

/** Looks at everything once: scans that ended, ticks, allowed hours, scans that wait. */
export async function passSchedules(store: Store, options: SchedulerOptions): Promise<void> {
  const { clock, launch, toolVersion, onTick, onError } = options;
  await markCrashedJobs(store.database);
  await endRuns(store, options);
  for (const schedule of await dueSchedules(store.database, clock.now())) {
    try {
      const outcome = await runTicks(store, schedule, {
        now: clock.now(),
        toolVersion,
        isForWorkers: launch === undefined,
      });
      if (outcome) onTick?.(outcome);
    } catch (error) {
      // One schedule's fault is not the others'.
      if (!onError) throw error;
      onError(error as Error);
    }
  }
  await keepHours(store, options);
}

/** Writes down how the scans of earlier ticks ended. */
async function endRuns(store: Store, { clock, onSuspend }: SchedulerOptions): Promise<void> {
  const now = clock.now();
  for (const run of await startedRuns(store.database)) {
    const end = endOf(run, now);
    if (!end || !(await endRun(store.database, run, { ...end, now }))) continue;
    const schedules = await listSchedules(store.database);
    onSuspend?.(schedules.find(({ id }) => id === run.schedule_id)?.name ?? run.schedule_id);
  }
}

function endOf(
  { scan, scan_status: status, scan_completed_at: at }: ScheduleRun,
  now: number,
): { status: 'completed' | 'failed' | 'cancelled'; reason?: string } | undefined {
  if (scan === null) return { status: 'cancelled', reason: 'its scan was removed' };
  if (status === 'completed' || status === 'failed' || status === 'cancelled') return { status };
  if (status === 'crashed' && now - (at ?? 0) > crashedMs) {
    return { status: 'failed', reason: 'its process vanished' };
  }
  return undefined;
}

/** Pauses running scans outside of their hours, lets those go on that wait for them. */
async function keepHours(store: Store, options: SchedulerOptions): Promise<void> {
  const runs = await startedRuns(store.database);
  if (runs.length === 0) return;
  const schedules = new Map((await listSchedules(store.database)).map((each) => [each.id, each]));
  for (const run of runs) {
    const schedule = schedules.get(run.schedule_id);
    if (!schedule || run.scan === null) continue;
    try {
      await keepHoursOf(store, run, {
        ...options,
        isOpen: await isAllowed(store, schedule, options.clock.now()),
      });
    } catch (error) {
      // Ended, or changed by somebody else, since it was read: the next look tells.
      if (!(error instanceof AppError && error.code === 'ILLEGAL_TRANSITION')) throw error;
    }
  }
}

async function keepHoursOf(
  { database }: Store,
  run: ScheduleRun,
  { isOpen, clock, launch }: SchedulerOptions & { readonly isOpen: boolean },
): Promise<void> {
  const { scan, scan_status: status, paused_at: pausedAt } = run;
  if (scan === null) return;
  if (!isOpen) {
    if (status !== 'running') return;
    await database.transaction(async (tx) => {
      await pauseJob(tx, scan);
      await setRunPaused(tx, run, clock.now());
    });
  } else if (status === 'pending') {
    launch?.(scan);
  } else if (status === 'paused' && pausedAt !== null) {
    if (launch) launch(scan);
    else await resumeJob(database, scan);
  } else if (status === 'running' && pausedAt !== null) {
    await setRunPaused(database, run, null);
  }
}
