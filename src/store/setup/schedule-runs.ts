import type { JobState } from '../../core/job-states.ts';
import { schedulerActor } from './actor.ts';
import { recordAudit } from './audit.ts';
import { jobKey, tenantKey } from '../filter.ts';
import { pauseJob } from '../scans/transitions.ts';
import { assignments, identifier, type Sql, sql } from '../sql.ts';
import { type Schedule, scheduleObject } from './schedules.ts';
import type { StoreDatabase } from '../store.ts';

/** The outcome of a tick. `started`: its scan is under way. */
type RunStatus = 'started' | 'completed' | 'failed' | 'cancelled' | 'missed' | 'skipped';

/** A tick of a schedule; times are epoch ms. */
export interface ScheduleRun {
  readonly schedule_id: string;
  readonly tick_at: number;
  readonly status: RunStatus;
  /** UUID of the scan; null if there was none or it was removed. */
  readonly scan: string | null;
  readonly scan_status: JobState | null;
  /** When that scan ended. */
  readonly scan_completed_at: number | null;
  /** Whether workers run it. */
  readonly scan_is_detached: boolean;
  /** Whether it may be restarted if its process vanished. */
  readonly scan_has_attempts: boolean;
  /** Why there was no scan or why it failed. */
  readonly reason: string | null;
  /** Missed ticks immediately before it, when no scheduler was running. */
  readonly missed_before: number;
  readonly decided_at: number;
  readonly ended_at: number | null;
  /** When its scan was paused, to be resumed by a scheduler. */
  readonly paused_at: number | null;
}

/** What to do about a tick. */
export interface TickDecision extends Pick<ScheduleRun, 'tick_at' | 'missed_before'> {
  readonly status: 'started' | 'failed' | 'missed' | 'skipped';
  readonly reason?: string | undefined;
  /** The next tick, epoch ms; undefined if there is none. */
  readonly next_at: number | undefined;
  readonly now: number;
}

/** How long ticks are kept. */
const keptMs = 400 * 86_400_000;

/**
 * Decides the outcome of a tick, unless it is already decided. Only one of several concurrent
 * callers gets `true`.
 *
 * @param tx in a transaction that also creates the scan
 */
export async function decideTick(
  tx: StoreDatabase,
  schedule: Schedule,
  decision: TickDecision,
): Promise<boolean> {
  const { time } = tx.dialect;
  const { tick_at: tick, status, reason, missed_before: missed, next_at: next, now } = decision;
  // A second caller waits here for the first, then finds that `next_at` has moved on.
  const moved = await tx.query(sql`
    UPDATE schedules SET next_at = ${next === undefined ? null : time(next)}
    WHERE id = ${schedule.id} AND next_at = ${time(schedule.next_at!)} AND enabled = ${true}
      AND suspended_at IS NULL
    RETURNING id`);
  if (moved.length === 0) return false;
  const inserted = await tx.query(sql`
    INSERT INTO schedule_runs (schedule_id, tick_at, status, reason, missed_before, decided_at,
      ended_at)
    VALUES (${schedule.id}, ${time(tick)}, ${status}, ${reason ?? null}, ${missed}, ${time(now)},
      ${status === 'started' ? null : time(now)})
    ON CONFLICT DO NOTHING RETURNING schedule_id`);
  await tx.query(sql`
    DELETE FROM schedule_runs WHERE schedule_id = ${schedule.id} AND status <> 'started'
      AND tick_at < ${time(tick - keptMs)}`);
  return inserted.length > 0;
}

/** Links a scan to a tick. */
export async function setRunScan(
  tx: StoreDatabase,
  { id }: Schedule,
  tick: number,
  scan: string,
): Promise<void> {
  await updateRun(tx, id, tick, { job_id: jobKey(tx, scan) });
}

/**
 * Pauses the scan of a tick, which a scheduler resumes when its allowed hours begin or when a
 * scheduler runs again.
 *
 * @throws AppError ILLEGAL_TRANSITION if it is not running
 */
export async function holdScan(db: StoreDatabase, scan: string, now: number): Promise<void> {
  await db.transaction(async (tx) => {
    await pauseJob(tx, scan, schedulerActor());
    await tx.query(sql`UPDATE schedule_runs SET paused_at = ${tx.dialect.time(now)}
      WHERE job_id = ${jobKey(tx, scan)} AND status = 'started'`);
  });
}

/** Records that a tick's scan was resumed. */
export function releaseRun(db: StoreDatabase, run: ScheduleRun): Promise<void> {
  return updateRun(db, run.schedule_id, run.tick_at, { paused_at: null });
}

async function updateRun(
  db: StoreDatabase,
  scheduleId: string,
  tick: number,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db.query(sql`UPDATE schedule_runs SET ${assignments(values)}
    WHERE schedule_id = ${scheduleId} AND tick_at = ${db.dialect.time(tick)}`);
}

/** The ticks whose scans are under way, of one schedule or of all. */
export function startedRuns(db: StoreDatabase, schedule?: Schedule): Promise<ScheduleRun[]> {
  const ofOne = schedule ? sql`r.schedule_id = ${schedule.id}` : sql`1 = 1`;
  return readRuns(db, sql`r.status = 'started' AND ${ofOne}`, sql`ORDER BY r.tick_at`);
}

/** The latest ticks of a schedule, newest first. */
export function latestRuns(db: StoreDatabase, id: string, limit: number): Promise<ScheduleRun[]> {
  const order = sql`ORDER BY r.tick_at DESC LIMIT ${limit}`;
  return readRuns(db, sql`r.schedule_id = ${id}`, order);
}

/** The same with nullable columns, because the scan may be missing. */
type RunRecord = Omit<ScheduleRun, 'scan_is_detached' | 'scan_has_attempts'> & {
  readonly scan_is_detached: boolean | number | null;
  readonly scan_has_attempts: boolean | number | null;
};

async function readRuns(db: StoreDatabase, condition: Sql, order: Sql): Promise<ScheduleRun[]> {
  const rows = await db.query<RunRecord>(sql`
    SELECT r.schedule_id, r.tick_at, r.status, ${identifier(`j.${db.dialect.uuidColumn}`)} AS scan,
      j.status AS scan_status, j.completed_at AS scan_completed_at, j.is_detached AS scan_is_detached,
      j.attempts < j.max_attempts AS scan_has_attempts, r.reason, r.missed_before,
      r.decided_at, r.ended_at, r.paused_at
    FROM schedule_runs r JOIN schedules s ON s.id = r.schedule_id
    LEFT JOIN scan_jobs j ON j.id = r.job_id
    WHERE s.tenant_id = ${tenantKey(db)} AND ${condition} ${order}`);
  return rows.map((row) => ({
    ...row,
    scan_is_detached: Boolean(row.scan_is_detached),
    scan_has_attempts: Boolean(row.scan_has_attempts),
  }));
}

/**
 * Ends a tick whose scan has ended, unless it is already ended, and counts its schedule's failures.
 * At the limit the schedule is suspended.
 *
 * @returns whether this call suspended it
 */
export async function endRun(
  db: StoreDatabase,
  run: ScheduleRun,
  end: { status: 'completed' | 'failed' | 'cancelled'; reason?: string; now: number },
): Promise<boolean> {
  const { time } = db.dialect;
  return db.transaction(async (tx) => {
    const ended = await tx.query(sql`
      UPDATE schedule_runs SET status = ${end.status}, reason = ${end.reason ?? null},
        ended_at = ${time(end.now)}, paused_at = NULL
      WHERE schedule_id = ${run.schedule_id} AND tick_at = ${time(run.tick_at)}
        AND status = 'started' RETURNING schedule_id`);
    if (ended.length === 0) return false;
    if (end.status === 'completed') {
      await tx.query(sql`UPDATE schedules SET failures = 0 WHERE id = ${run.schedule_id}`);
    }
    return end.status === 'failed' && (await countFailure(tx, run.schedule_id, end.now));
  });
}

/**
 * Counts a failure of a schedule and suspends the schedule at the limit.
 *
 * @param tx in a transaction
 * @returns whether it is now suspended
 */
export async function countFailure(tx: StoreDatabase, id: string, now: number): Promise<boolean> {
  const at = tx.dialect.time(now);
  const [row] = await tx.query<{ failures: number; suspended_at: number | null }>(sql`
    UPDATE schedules SET failures = failures + 1,
      suspended_at = CASE WHEN max_failures > 0 AND failures + 1 >= max_failures
        THEN coalesce(suspended_at, ${at}) ELSE suspended_at END
    WHERE id = ${id} RETURNING failures, suspended_at`);
  if (row === undefined || row.suspended_at === null) return false;
  const after = { failures: row.failures };
  const change = { action: 'schedule.suspend', ...scheduleObject(id), after };
  await recordAudit(tx, change, schedulerActor());
  return true;
}
