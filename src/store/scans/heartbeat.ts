import type { JobState } from '../../core/job-states.ts';
import { identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import type { Job } from './jobs.ts';

/** A scan's progress. */
export type ScanCounts = Pick<Job, 'hosts_done' | 'hosts_up' | 'ports_open'>;

/**
 * Records that a scan's runner is alive, and adds to the scan's counts.
 *
 * @param job as of the start of its attempt
 * @returns the scan's state, which tells the runner to stop; undefined if the scan is gone or
 *   another attempt has started
 */
export async function heartbeat(
  db: StoreDatabase,
  job: Pick<Job, 'id' | 'attempts'>,
  growth: ScanCounts,
): Promise<Pick<Job, 'status' | 'timeout_at'> | undefined> {
  const [row] = await db.query<{ status: JobState; timeout_at: number | null }>(sql`
    UPDATE scan_jobs SET heartbeat_at = ${db.dialect.fromNow(0)},
      hosts_done = hosts_done + ${growth.hosts_done}, hosts_up = hosts_up + ${growth.hosts_up},
      ports_open = ports_open + ${growth.ports_open}
    WHERE ${identifier(db.dialect.uuidColumn)} = ${job.id} AND attempts = ${job.attempts}
    RETURNING status, timeout_at`);
  return row;
}
