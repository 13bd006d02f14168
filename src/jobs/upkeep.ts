import { tenantKey } from '../store/filter.ts';
import { finishJob } from '../store/scans/end-scan.ts';
import { markCrashedJobs } from '../store/scans/crash-detection.ts';
import { retryDelayMs } from '../store/scans/retry-delay.ts';
import { isConflict, requeueJob } from '../store/scans/transitions.ts';
import { type Job, toJob } from '../store/scans/jobs.ts';
import { queueJob } from '../store/scans/queue-job.ts';
import { workerActor } from '../store/scans/job-status.ts';
import { isJobDone, openUnits } from '../store/scans/leases.ts';
import { type Sql, sql } from '../store/sql.ts';
import type { StoreDatabase } from '../store/store.ts';
import type { JobRecord } from '../store/tables.ts';

/** How often a unit may be begun: one that ends its worker each time is not given to all of them. */
const unitAttempts = 20;

/**
 * Looks after a tenant's queued scans, as every worker does now and then: begins those again whose
 * workers were lost, ends those that are done, too late or deadly, and calls workers where units
 * lie open.
 */
export async function reapJobs(db: StoreDatabase): Promise<void> {
  await markCrashedJobs(db);
  for (const job of await jobsWhere(
    db,
    sql`j.status = 'crashed' AND j.attempts < j.max_attempts`,
  )) {
    const runAt = Date.now() + retryDelayMs(job.attempts);
    await unlessConflict(requeueJob(db, job.id, { runAt, actor: workerActor() }));
  }
  for (const job of await jobsWhere(
    db,
    sql`j.status = 'running' AND j.timeout_at < ${db.dialect.fromNow(0)}`,
  )) {
    await unlessConflict(endOverdue(db, job));
  }
  for (const job of await jobsWhere(
    db,
    sql`j.status = 'running' AND ${anyUnit(sql`u.attempt >= ${unitAttempts} AND ${openUnits(db)}`)}`,
  )) {
    const message = `one of its units was begun ${unitAttempts} times and never finished`;
    await unlessConflict(
      finishJob(db, job.id, { status: 'failed', attempt: job.attempts, error_message: message }),
    );
  }
  for (const job of await jobsWhere(
    db,
    sql`j.status = 'running' AND j.next_unit >= j.unit_count AND NOT ${anyUnit(sql`1 = 1`)}`,
  )) {
    if (!(await isJobDone(db, job.id))) continue;
    await unlessConflict(finishJob(db, job.id, { status: 'completed', attempt: job.attempts }));
  }
  await callWorkers(db);
}

/** A ticket for each kind of work that there is. */
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

async function unlessConflict(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
