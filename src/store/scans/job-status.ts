import { isUuid } from '../../core/ids.ts';
import { assertTransition, type JobState, statesBefore } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { type Actor, currentActor } from '../setup/actor.ts';
import { recordAudit } from '../setup/audit.ts';
import { assignments, identifier, join, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { getJob, type Job, type JobRecord, toJob } from './jobs.ts';
import { currentWorker, type Worker } from './process-identity.ts';

/** Columns that a change of status may also set. */
export interface StatusChange {
  readonly error_message?: string;
  readonly worker?: Worker;
  /** The lease's name, for a worker that is one of several. */
  readonly workerId?: string;
  readonly is_partial?: boolean;
  /** For `pending`: earliest start, epoch ms. */
  readonly runAt?: number;
  /** Only if the job is still in this attempt. */
  readonly attempt?: number;
  /** Only from this state, because a worker may end only a running scan. */
  readonly from?: JobState;
  /** Who does it, if not the usual actor. */
  readonly actor?: Actor | undefined;
}

/**
 * Moves a scan to another state, if its current state allows it. It is one statement, so that only
 * one of two concurrent callers wins. Going from `pending` to `running` starts a new attempt.
 *
 * @param id UUID
 * @throws AppError NOT_FOUND; ILLEGAL_TRANSITION, naming both states
 */
export async function setJobStatus(
  db: StoreDatabase,
  id: string,
  to: JobState,
  change: StatusChange = {},
): Promise<Job> {
  const { attempt, from: wanted } = change;
  if (!isUuid(id)) return getJob(db, id);
  return db.transaction(async (tx) => {
    const { status: from } = await lockJob(tx, id);
    const [row] = await tx.query<JobRecord>(sql`
      UPDATE scan_jobs SET ${assignments(columnsOf(db, to, change))}
      WHERE ${identifier(db.dialect.uuidColumn)} = ${id}
        AND status IN (${join(statesBefore(to).filter((state) => !wanted || state === wanted))})
        AND ${attempt === undefined ? sql`1 = 1` : sql`attempts = ${attempt}`}
      RETURNING *`);
    if (!row) {
      assertTransition(from, to);
      throw new AppError('ILLEGAL_TRANSITION', `another attempt is now running scan ${id}`);
    }
    const audited = { action: `scan.${to}`, before: { status: from }, after: { status: to } };
    await recordAudit(tx, { ...audited, ...scanObject(id) }, change.actor ?? actorOf(to));
    return toJob(tx, row);
  });
}

/** The columns that a change of status sets. */
function columnsOf(
  db: StoreDatabase,
  to: JobState,
  change: StatusChange,
): Readonly<Record<string, unknown>> {
  const { time, fromNow, millisecond } = db.dialect;
  const now = time(Date.now());
  const isEnd = ['completed', 'failed', 'cancelled', 'crashed'].includes(to);
  const { worker, workerId, runAt } = change;
  return {
    status: to,
    // Even if the clock was set back, a scan does not end before it started.
    completed_at: isEnd
      ? sql`CASE WHEN started_at > ${now} THEN started_at ELSE ${now} END`
      : to === 'pending'
        ? null
        : undefined,
    error_message: to === 'pending' ? (change.error_message ?? null) : change.error_message,
    is_partial: to === 'pending' ? false : change.is_partial,
    run_at: to !== 'pending' ? undefined : runAt === undefined ? null : time(runAt),
    worker_id: workerId,
    ...(to === 'running' && {
      attempts: sql`attempts + CASE WHEN status = 'pending' THEN 1 ELSE 0 END`,
      started_at: sql`coalesce(started_at, ${now})`,
      heartbeat_at: now,
      timeout_at: sql`CASE WHEN run_limit_ms IS NULL OR status = 'paused' THEN timeout_at
        ELSE ${fromNow(0)} + run_limit_ms * ${millisecond} END`,
    }),
    ...(worker && {
      worker_id: worker.id,
      worker_host: worker.host,
      worker_pid: worker.pid,
      worker_started: worker.started,
    }),
  };
}

/** How the audit log names a scan. */
export function scanObject(id: string): { object_type: 'scan'; object_id: string } {
  return { object_type: 'scan', object_id: id };
}

/** A scan's runner starts and ends it; everything else is done by a person. */
function actorOf(to: JobState): Actor {
  const byPerson = to === 'pending' || to === 'paused' || to === 'cancelled';
  return byPerson ? currentActor() : workerActor();
}

/** This process as one that runs scans. */
export function workerActor(): Actor {
  return { kind: 'job', name: currentWorker().id };
}

/** Locks a job until the transaction ends. */
async function lockJob(tx: StoreDatabase, id: string): Promise<Job> {
  await tx.query(sql`UPDATE scan_jobs SET status = status
    WHERE ${identifier(tx.dialect.uuidColumn)} = ${id}`);
  return getJob(tx, id);
}

/**
 * Starts a scan: `pending` → `running`, with a new attempt number that every write of this worker
 * then includes.
 */
export function startJob(db: StoreDatabase, id: string, worker: Worker): Promise<Job> {
  return setJobStatus(db, id, 'running', { worker });
}
