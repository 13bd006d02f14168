import { tenantKey } from '../store/filter.ts';
import { finishJob, isJobDone } from '../store/scans/end-scan.ts';
import { markCrashedJobs } from '../store/scans/crash-detection.ts';
import { retryDelayMs } from '../store/scans/retry-delay.ts';
import { isConflict, requeueJob } from '../store/scans/transitions.ts';
import { type Job, type JobRecord, toJob } from '../store/scans/jobs.ts';
import { queueJob } from '../store/scans/queue-job.ts';
import { workerActor } from '../store/scans/job-status.ts';
import { openUnits } from '../store/scans/pick-units.ts';
import { type Sql, sql } from '../store/sql.ts';
import type { StoreDatabase } from '../store/store.ts';

/** Leases of one unit at most: a unit that ends its worker each time must not end all of them. */
const unitAttempts = 20;

/**
 * Looks after a tenant's queued scans, as every worker does now and then: queues those again whose
 * workers were lost, ends those that are complete, overdue or deadly, and calls workers where units
 * lie open.
 */
export async function reapJobs(db: StoreDatabase): Promise<void> {
  const each = async (condition: Sql, change: (job: Job) => Promise<unknown>): Promise<void> => {
    for (const job of await jobsWhere(db, condition)) await unlessConflict(change(job));
  };
  await markCrashedJobs(db);
  await each(sql`j.status = 'crashed' AND j.attempts < j.max_attempts`, ({ id, attempts }) =>
    requeueJob(db, id, { runAt: Date.now() + retryDelayMs(attempts), actor: workerActor() }),
  );
  await each(sql`j.status = 'running' AND j.timeout_at < ${db.dialect.fromNow(0)}`, (job) =>
    endOverdue(db, job),
  );
  const isDeadly = anyUnit(sql`u.attempt >= ${unitAttempts} AND ${openUnits(db)}`);
  await each(sql`j.status = 'running' AND ${isDeadly}`, ({ id, attempts: attempt }) => {
    const message = `one of its units was begun ${unitAttempts} times and never finished`;
    return finishJob(db, id, { status: 'failed', attempt, error_message: message });
  });
  const isTaken = sql`j.next_unit >= j.unit_count AND NOT ${anyUnit(sql`1 = 1`)}`;
  await each(sql`j.status = 'running' AND ${isTaken}`, (job) => completeIfDone(db, job));
  await callWorkers(db);
}

/**
 * Completes a scan where every unit of it is completed.
 *
 * @returns whether it was complete
 */
export async function completeIfDone(db: StoreDatabase, { id, attempts }: Job): Promise<boolean> {
  if (!(await isJobDone(db, id))) return false;
  await finishJob(db, id, { status: 'completed', attempt: attempts });
  return true;
}

/** Queues a message for each kind of work that there is. */
async function callWorkers(db: StoreDatabase): Promise<void> {
  const kinds = await db.query<Pick<JobRecord, 'scan_type' | 'worker_label' | 'priority'>>(sql`
    SELECT DISTINCT j.scan_type, j.worker_label, j.priority FROM scan_jobs j
    WHERE j.tenant_id = ${tenantKey(db)} AND j.is_detached = ${db.dialect.true}
      AND j.status IN ('pending', 'running')
      AND ((j.status = 'pending' AND (j.run_at IS NULL OR j.run_at <= ${db.dialect.fromNow(0)}))
        OR (j.status = 'running'
          AND (j.next_unit < j.unit_count OR ${anyUnit(openUnits(db))})))`);
  for (const kind of kinds) await queueJob(db, { ...kind, is_detached: true, run_at: null });
}

/** A scan that ran longer than it may. */
export function endOverdue(db: StoreDatabase, job: Job): Promise<Job> {
  return finishJob(db, job.id, {
    status: 'failed',
    from: 'running',
    attempt: job.attempts,
    error_message: 'it took longer than it was allowed to',
  });
}

/** As many as this are looked after at a time; the next time brings the others. */
const jobsAtOnce = 100;

async function jobsWhere(db: StoreDatabase, condition: Sql): Promise<Job[]> {
  const rows = await db.query<JobRecord>(sql`
    SELECT j.* FROM scan_jobs j
    WHERE j.tenant_id = ${tenantKey(db)} AND j.is_detached = ${db.dialect.true}
      AND j.status IN ('pending', 'running', 'crashed') AND (${condition})
    ORDER BY j.priority DESC, j.requested_at LIMIT ${jobsAtOnce}`);
  return rows.map((row) => toJob(db, row));
}

function anyUnit(condition: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM scan_units u
    WHERE u.job_id = j.id AND u.status <> 'completed' AND ${condition})`;
}

/** Waits for a change that somebody else may have made meanwhile. */
export async function unlessConflict(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
