import type { Clock } from '../core/clock.ts';
import { AppError, errorOf } from '../errors.ts';
import { markCrashedJobs } from '../store/scans/crash-detection.ts';
import { schedulerActor } from '../store/setup/actor.ts';
import { requeueJob, resumeJob } from '../store/scans/transitions.ts';
import {
  endRun,
  holdScan,
  releaseRun,
  type ScheduleRun,
  startedRuns,
} from '../store/setup/schedule-runs.ts';
import { dueSchedules, listSchedules, nextTick } from '../store/setup/schedules.ts';
import type { Store } from '../store/store.ts';
import { isAllowed, runTicks, type TickOutcome } from './schedule-tick.ts';

/** How a scheduler works. */
export interface SchedulerOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The version that the scans are recorded with. */
  readonly toolVersion: string;
  /**
   * Runs a scan that is pending, or resumes one that is paused. Called again while a scan is so,
   * and for scans that other schedulers see too. Without it workers run them.
   */
  readonly launch?: (store: Store, scan: string) => void;
  /** Called with each tick that this scheduler decided. */
  readonly onTick?: (outcome: TickOutcome, store: Store) => void;
  /** Called with a schedule that was suspended for its failures. */
  readonly onSuspend?: (schedule: string, store: Store) => void;
  /** Called with what failed; the scheduler continues. */
  readonly onError?: (error: Error) => void;
  /** Looks after every tenant's schedules, not only the store's. */
  readonly isForAll?: boolean;
}

/** How often schedules are read, since others add them and clocks are set, ms. */
const lookMs = 1000;

/** How long after its crash a scan without another attempt counts as failed, ms. */
const crashedMs = 60_000;

/**
 * Creates scans at their ticks until the signal aborts. Any number of schedulers may share a store:
 * each tick is one run.
 */
export async function runSchedules(store: Store, options: SchedulerOptions): Promise<void> {
  const { clock, signal, onError } = options;
  while (!signal.aborted) {
    let next: number | undefined;
    try {
      for (const each of await storesOf(store, options)) {
        await passSchedules(each, options);
        const tick = await nextTick(each.database);
        if (tick !== undefined) next = Math.min(next ?? tick, tick);
      }
    } catch (error) {
      if (!onError) throw error;
      onError(errorOf(error));
    }
    const untilNext = (next ?? Number.POSITIVE_INFINITY) - clock.now();
    await clock.wait(Math.max(10, Math.min(lookMs, untilNext)), signal);
  }
}

/** The stores of the tenants that have schedules. */
export async function storesOf(
  store: Store,
  { isForAll }: Pick<SchedulerOptions, 'isForAll'>,
): Promise<Store[]> {
  if (!isForAll) return [store];
  return (await store.tenantsWithSchedules()).map((id) => store.forTenant(id));
}

/** One pass over a tenant's schedules: scans that ended, ticks, allowed hours, scans that wait. */
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
      if (outcome) onTick?.(outcome, store);
    } catch (error) {
      // One schedule's fault is not the others'.
      if (!onError) throw error;
      onError(errorOf(error));
    }
  }
  await keepHours(store, options);
}

/** Records how the scans of earlier ticks ended. */
async function endRuns(store: Store, options: SchedulerOptions): Promise<void> {
  const { clock, onSuspend } = options;
  const now = clock.now();
  for (const run of await startedRuns(store.database)) {
    const end = endOf(run, now, options);
    if (!end || !(await endRun(store.database, run, { ...end, now }))) continue;
    const schedules = await listSchedules(store.database);
    onSuspend?.(schedules.find(({ id }) => id === run.schedule_id)?.name ?? run.schedule_id, store);
  }
}

function endOf(
  run: ScheduleRun,
  now: number,
  options: SchedulerOptions,
): { status: 'completed' | 'failed' | 'cancelled'; reason?: string } | undefined {
  const { scan, scan_status: status, scan_completed_at: at } = run;
  if (scan === null) return { status: 'cancelled', reason: 'its scan was removed' };
  if (status === 'completed' || status === 'failed' || status === 'cancelled') return { status };
  if (status === 'crashed' && !isRetried(run, options) && now - (at ?? 0) > crashedMs) {
    return { status: 'failed', reason: 'its process vanished' };
  }
  return undefined;
}

/** Whether a scan that crashed is resumed without being asked: by workers, or here. */
function isRetried(run: ScheduleRun, { launch }: SchedulerOptions): boolean {
  return run.scan_has_attempts && (run.scan_is_detached || launch !== undefined);
}

/** Pauses running scans outside of their hours, and resumes those that wait for them. */
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
      // Ended or changed by somebody else since it was read: the next pass sees it.
      if (!(error instanceof AppError && error.code === 'ILLEGAL_TRANSITION')) throw error;
    }
  }
}

async function keepHoursOf(
  store: Store,
  run: ScheduleRun,
  options: SchedulerOptions & { readonly isOpen: boolean },
): Promise<void> {
  const { database } = store;
  const { isOpen, clock } = options;
  const { scan, scan_status: status, paused_at: pausedAt } = run;
  if (scan === null) return;
  // Workers resume a queued scan; any other one is for a scheduler that runs scans.
  const launch = run.scan_is_detached ? undefined : options.launch;
  if (!isOpen) {
    if (status === 'running') await holdScan(database, scan, clock.now());
  } else if (status === 'pending') {
    launch?.(store, scan);
  } else if (status === 'crashed' && launch && isRetried(run, options)) {
    await requeueJob(database, scan, { actor: schedulerActor() });
    launch(store, scan);
  } else if (status === 'paused' && pausedAt !== null) {
    if (launch) launch(store, scan);
    else await resumeJob(database, scan, schedulerActor());
  } else if (status === 'running' && pausedAt !== null) {
    await releaseRun(database, run);
  }
}
