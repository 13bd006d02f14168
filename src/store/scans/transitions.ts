import { AppError } from '../../errors.ts';
import type { Actor } from '../setup/actor.ts';
import { countFacts, finishJob, removeJob } from './end-scan.ts';
import { getJob, type Job, updateJob } from './jobs.ts';
import { queueJob } from './queue-job.ts';
import { setJobStatus, workerActor } from './job-status.ts';
import { releaseUnits } from './leases.ts';
import { retryDelayMs } from './retry-delay.ts';
import { identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';

/** Ends an unfinished scan and keeps its results. */
export async function cancelJob(db: StoreDatabase, id: string, reason?: string): Promise<Job> {
  const cancelled = await setJobStatus(db, id, 'cancelled', {
    error_message: reason ?? 'cancelled by a user',
    is_partial: true,
  });
  await countFacts(db, id);
  return { ...(await getJob(db, id)), status: cancelled.status };
}

/**
 * Removes a scan that is not running, with all its facts.
 *
 * @throws AppError NOT_FOUND; ILLEGAL_TRANSITION if it is running
 */
export async function removeEndedJob(db: StoreDatabase, id: string): Promise<void> {
  await db.transaction(async (inside) => {
    const { uuidColumn, lock } = inside.dialect;
    await inside.query(
      sql`SELECT 1 AS one FROM scan_jobs WHERE ${identifier(uuidColumn)} = ${id} ${lock.waiting}`,
    );
    const { status } = await getJob(inside, id);
    if (status === 'running') {
      throw new AppError(
        'ILLEGAL_TRANSITION',
        `scan ${id} is running: stop it with "portolan cancel" first`,
      );
    }
    await removeJob(inside, id);
  });
}

/** Stops a running scan so that it can be resumed. */
export function pauseJob(db: StoreDatabase, id: string, actor?: Actor): Promise<Job> {
  return setJobStatus(db, id, 'paused', { actor });
}

/** How a scan is queued again. */
export interface Requeue {
  /** Earliest start, epoch ms. */
  readonly runAt?: number;
  /** The reason, if no one requested it. */
  readonly error_message?: string;
  /** Let workers continue it, whatever ran it before. */
  readonly detach?: boolean;
  /** Remaining attempts. */
  readonly attemptsLeft?: number;
  /** Who does it, if no person requested it. */
  readonly actor?: Actor;
}

/**
 * Makes a scan that ended or crashed `pending` again. Completed units stay completed; workers of
 * earlier attempts can no longer write.
 *
 * @throws AppError NOT_FOUND, ILLEGAL_TRANSITION
 */
export async function requeueJob(
  db: StoreDatabase,
  id: string,
  { runAt, detach, attemptsLeft, actor, error_message: message }: Requeue = {},
): Promise<Job> {
  return await db.transaction(async (inside) => {
    const job = await setJobStatus(inside, id, 'pending', {
      actor,
      ...(runAt !== undefined && { runAt }),
      ...(message !== undefined && { error_message: message }),
    });
    await releaseUnits(inside, id);
    if (detach || attemptsLeft !== undefined) {
      await updateJob(inside, id, {
        is_detached: detach || job.is_detached,
        max_attempts: attemptsLeft === undefined ? undefined : job.attempts + attemptsLeft,
      });
    }
    const queued = await getJob(inside, id);
    await queueJob(inside, queued);
    return queued;
  });
}

/** Lets workers continue a scan that is paused or pending for a process. */
export async function resumeJob(db: StoreDatabase, id: string, actor?: Actor): Promise<Job> {
  return await db.transaction(async (inside) => {
    const { status } = await getJob(inside, id);
    if (status !== 'pending') await setJobStatus(inside, id, 'running', { actor });
    // The process that ran it before holds units without a time limit.
    await releaseUnits(inside, id, sql`lease_until IS NULL`);
    await updateJob(inside, id, {
      is_detached: true,
      worker_host: null,
      worker_pid: null,
      worker_started: null,
    });
    const job = await getJob(inside, id);
    await queueJob(inside, { ...job, run_at: null });
    return job;
  });
}

/**
 * Ends a failed attempt, and queues the next one if any is left.
 *
 * @returns the scan, pending or permanently failed
 * @throws AppError ILLEGAL_TRANSITION if it has ended or another attempt has started
 */
export async function failAttempt(db: StoreDatabase, job: Job, message: string): Promise<Job> {
  // One transaction, so that no one mistakes the intermediate state for the end.
  return await db.transaction(async (inside) => {
    const failed = await finishJob(inside, job.id, {
      status: 'failed',
      from: 'running',
      attempt: job.attempts,
      error_message: message,
    });
    if (!failed.is_detached || failed.attempts >= failed.max_attempts) return failed;
    return await requeueJob(inside, job.id, {
      runAt: Date.now() + retryDelayMs(failed.attempts),
      error_message: message,
      actor: workerActor(),
    });
  });
}

/** Whether an error means that the scan was changed concurrently. */
export function isConflict(error: unknown): boolean {
  return (
    error instanceof AppError && (error.code === 'ILLEGAL_TRANSITION' || error.code === 'NOT_FOUND')
  );
}
