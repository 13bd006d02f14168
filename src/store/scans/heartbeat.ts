import type { JobState } from '../../core/job-states.ts';
import { assignments, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import type { Job } from './jobs.ts';

/** Progress of a running scan. */
export type JobProgress = Partial<Pick<Job, 'hosts_done' | 'hosts_up' | 'ports_open'>> & {
  readonly scan_stats?: object;
};

/**
 * Says that a worker is alive and how far it is.
 *
 * @returns the job's state, by which the worker learns that it is to stop or pause; undefined
 *   where the job is no longer this attempt's
 */
export async function heartbeat(
  db: StoreDatabase,
  id: string,
  attempt: number,
  progress: JobProgress = {},
): Promise<JobState | undefined> {
  const { scan_stats: stats, ...counts } = progress;
  const set = assignments({
    heartbeat_at: db.dialect.time(Date.now()),
    ...counts,
    scan_stats: stats && JSON.stringify(stats),
  });
  const [row] = await db.query<{ status: JobState }>(sql`
    UPDATE scan_jobs SET ${set}
    WHERE ${identifier(db.dialect.uuidColumn)} = ${id} AND attempts = ${attempt}
    RETURNING status`);
  return row?.status;
}
