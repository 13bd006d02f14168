import { AppError } from '../../errors.ts';
import { type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { countFacts } from './end-scan.ts';
import { setJobStatus } from './job-status.ts';
import { getJob, type Job, type JobRecord, toJob } from './jobs.ts';
import { isAlive } from './process-identity.ts';

/** How long a worker on another machine may be silent. */
const heartbeatTimeoutMs = 60_000;

/**
 * Marks as `crashed` the running scans whose process is gone: on this machine by its pid and start
 * time, on another by the age of its heartbeat. Their completed units stay; resuming does the rest.
 *
 * @returns the scans that were marked by this call
 */
export async function markCrashedJobs(db: StoreDatabase, now = Date.now()): Promise<Job[]> {
  const marked: Job[] = [];
  for (const job of await findCrashedJobs(db, now)) {
    const error_message = job.is_detached
      ? 'its workers are gone'
      : `its process ${job.worker?.id ?? '(unknown)'} is gone`;
    const change = { attempt: job.attempts, error_message, is_partial: true };
    try {
      const crashed = await setJobStatus(db, job.id, 'crashed', change);
      // Its last heartbeat also counted what was never recorded.
      await countFacts(db, crashed.id);
      marked.push(await getJob(db, crashed.id));
    } catch (error) {
      // It ended, or another process marked it, between the two statements.
      if (!(error instanceof AppError && error.code === 'ILLEGAL_TRANSITION')) throw error;
    }
  }
  return marked;
}

/** The running scans whose process is gone, as {@link markCrashedJobs} would mark them. */
export async function findCrashedJobs(db: StoreDatabase, now = Date.now()): Promise<Job[]> {
  const rows = await db.query<JobRecord>(sql`
    SELECT j.* FROM scan_jobs j WHERE j.status = 'running' AND (j.is_detached = ${db.dialect.false}
      OR (EXISTS ${leases(sql`<`, db)} AND NOT EXISTS ${leases(sql`>=`, db)}))`);
  return rows.map((row) => toJob(db, row)).filter((job) => isCrashed(job, now));
}

/** Leases of a queued scan, by whether they ended so long ago that their workers are lost. */
function leases(comparison: Sql, { dialect }: StoreDatabase): Sql {
  return sql`(SELECT 1 FROM scan_units u WHERE u.job_id = j.id AND u.status <> 'completed'
    AND u.status = 'leased' AND u.lease_until ${comparison} ${dialect.fromNow(-heartbeatTimeoutMs)})`;
}

function isCrashed(job: Job, now: number): boolean {
  if (job.is_detached) return true;
  const alive = job.worker ? isAlive(job.worker) : undefined;
  if (alive !== undefined) return !alive;
  return now - (job.heartbeat_at ?? 0) > heartbeatTimeoutMs;
}
