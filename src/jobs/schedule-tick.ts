import { createHash } from 'node:crypto';
import { parseAllowedHours } from '../core/allowed-hours.ts';
import { parseCron } from '../core/cron.ts';
import { eventBatch } from '../core/event-batch.ts';
import { AppError, messageOf } from '../errors.ts';
import { discoveryRequest } from '../scan/discovery/discovery-request.ts';
import { type ResolvedScan, resolveRequest } from '../scan/resolve-request.ts';
import { schedulerActor } from '../store/setup/actor.ts';
import type { Job } from '../store/scans/jobs.ts';
import {
  countFailure,
  decideTick,
  setRunScan,
  startedRuns,
  type TickDecision,
} from '../store/setup/schedule-runs.ts';
import type { Schedule } from '../store/setup/schedules.ts';
import type { Store, StoreDatabase } from '../store/store.ts';
import { findTarget } from '../store/setup/targets.ts';
import { applyProfile } from './apply-profile.ts';
import { createScan } from './create-scan.ts';

/** A tick that is later than this was missed: no scheduler was there. */
const lateMs = 60_000;

/** So many missed ticks are counted, and no more. */
const maxCounted = 1000;

/** What a pass over a schedule did. */
export interface TickOutcome {
  readonly schedule: string;
  readonly tick: number;
  readonly status: TickDecision['status'];
  readonly reason?: string | undefined;
  /** The scan that was made. */
  readonly scan?: string;
}

/**
 * Does what a schedule's ticks up to now ask for, unless another scheduler has: makes one scan at
 * most, for the latest of them; earlier ones were missed.
 *
 * @returns undefined where there is nothing to do, or another scheduler did it
 */
export async function runTicks(
  store: Store,
  schedule: Schedule,
  context: { now: number; toolVersion: string; isForWorkers: boolean },
): Promise<TickOutcome | undefined> {
  const due = dueTick(schedule, context.now);
  if (!due) return undefined;
  const isLate = context.now - due.at > lateMs && schedule.missed === 'skip';
  const planned: Planned = isLate
    ? { status: 'missed', reason: 'no scheduler was there' }
    : await plan(store, schedule, context.now);
  const { prepared, ...rest } = planned;
  const decision = { ...rest, ...due.ticks, now: context.now };
  const done = await decide(store, { schedule, decision, prepared, ...context });
  if (!done) return undefined;
  if (done.job && prepared) await recordFaults(store, done.job, prepared);
  const { status, reason } = done.decision;
  return {
    schedule: schedule.name,
    tick: decision.tick_at,
    status,
    reason,
    ...(done.job && { scan: done.job.id }),
  };
}

interface DueTick {
  /** When its scan begins: the tick and its jitter. */
  readonly at: number;
  readonly ticks: Pick<TickDecision, 'tick_at' | 'missed_before' | 'next_at'>;
}

/** The last tick whose time has come, and how many before it were passed over. */
function dueTick(schedule: Schedule, now: number): DueTick | undefined {
  const cron = parseCron(schedule.cron, schedule.time_zone);
  const begin = (tick: number): number => tick + jitterOf(schedule, tick);
  let tick = schedule.next_at!;
  if (begin(tick) > now) return undefined;
  let missed = 0;
  let next = cron.next(tick);
  while (next !== undefined && begin(next) <= now) {
    tick = next;
    // A schedule of every minute that slept for a year: its ticks are not counted one by one.
    if (++missed === maxCounted) tick = Math.max(tick, cron.latest(now - schedule.jitter_ms) ?? 0);
    next = cron.next(tick);
  }
  return { at: begin(tick), ticks: { tick_at: tick, missed_before: missed, next_at: next } };
}

/** The same for every scheduler, and another one for each tick. */
function jitterOf({ id, jitter_ms: jitter }: Schedule, tick: number): number {
  if (jitter === 0) return 0;
  return createHash('sha256').update(`${id} ${tick}`).digest().readUInt32BE() % (jitter + 1);
}

interface Planned {
  readonly status: TickDecision['status'];
  readonly reason?: string;
  readonly prepared?: ResolvedScan;
}

/** Prepares the scan of a tick outside of its transaction, since names are resolved. */
async function plan(store: Store, schedule: Schedule, now: number): Promise<Planned> {
  try {
    if (!(await isAllowed(store, schedule, now))) {
      return { status: 'skipped', reason: 'outside the allowed hours' };
    }
    const { enabled } = await findTarget(store.database, schedule.target);
    if (!enabled) return { status: 'skipped', reason: `target "${schedule.target}" is disabled` };
    const request = await applyProfile(store.database, {
      targets: [],
      ...(schedule.scan_type === 'discovery' && discoveryRequest),
      target: schedule.target,
      profile: schedule.profile ?? undefined,
      // Who set it up has said that it is to be scanned.
      confirmed: true,
      at: now,
    });
    return { status: 'started', prepared: await resolveRequest(request) };
  } catch (error) {
    if (!(error instanceof AppError) || isStoreError(error)) throw error;
    return { status: 'failed', reason: messageOf(error) };
  }
}

/** What says nothing of the schedule: the tick is tried again. */
function isStoreError({ code }: AppError): boolean {
  return code.startsWith('STORE_') || code === 'BUSY' || code === 'UNKNOWN_OUTCOME';
}

/** Whether both the schedule's hours and its target's allow a scan. */
export async function isAllowed(store: Store, schedule: Schedule, at: number): Promise<boolean> {
  const { hours } = await findTarget(store.database, schedule.target);
  const { allowed_hours: own, time_zone: zone } = schedule;
  return (
    (own === null || parseAllowedHours(own, zone).has(at)) &&
    (hours === null || parseAllowedHours(hours.allowed, hours.time_zone).has(at))
  );
}

interface Deciding {
  readonly schedule: Schedule;
  readonly decision: TickDecision;
  readonly prepared: ResolvedScan | undefined;
  readonly toolVersion: string;
  readonly isForWorkers: boolean;
}

/** Takes the tick and makes its scan, both or none of it. */
async function decide(
  store: Store,
  { schedule, decision, prepared, toolVersion, isForWorkers }: Deciding,
): Promise<{ decision: TickDecision; job?: Job } | undefined> {
  return store.database.transaction(async (tx) => {
    const live = prepared ? await liveScan(tx, schedule) : undefined;
    const final: TickDecision = live
      ? { ...decision, status: 'skipped', reason: `scan ${live.scan} is still ${live.status}` }
      : decision;
    if (!(await decideTick(tx, schedule, final))) return undefined;
    if (final.status === 'failed') await countFailure(tx, schedule.id, final.now);
    if (final.status !== 'started' || !prepared) return { decision: final };
    const { job } = await createScan(
      { ...store, database: tx },
      {
        config: prepared.config,
        args: argsOf(schedule),
        toolVersion,
        faults: [], // recorded when the scan is there
        origin: {
          target: schedule.target,
          profile: schedule.profile ?? undefined,
          schedule: schedule.name,
        },
        actor: schedulerActor(),
        ...((isForWorkers || schedule.worker_label !== null) && {
          queue: { label: schedule.worker_label ?? undefined },
        }),
      },
    );
    await setRunScan(tx, schedule, final.tick_at, job.id);
    return { decision: final, job };
  });
}

/** The command that does the same. */
function argsOf({ scan_type: type, target, profile }: Schedule): string[] {
  return [
    type === 'discovery' ? 'discover' : 'scan',
    '--target',
    target,
    ...(profile === null ? [] : ['--profile', profile]),
  ];
}

/** A scan of the schedule that has not ended. */
async function liveScan(
  tx: StoreDatabase,
  schedule: Schedule,
): Promise<{ scan: string | null; status: string } | undefined> {
  const runs = await startedRuns(tx, schedule);
  for (const { scan, scan_status: status } of runs) {
    if (status === null || !['pending', 'running', 'paused', 'crashed'].includes(status)) continue;
    return { scan, status };
  }
  return undefined;
}

async function recordFaults(store: Store, job: Job, { faults }: ResolvedScan): Promise<void> {
  if (faults.length === 0) return;
  const errors = faults.map((fault) => {
    return { type: 'run.error', run_id: job.id, ...fault, t: Date.now() } as const;
  });
  await store.record(job.id, eventBatch(errors));
}
