import { shortId } from '../../core/ids.ts';
import { findCrashedJobs, markCrashedJobs } from '../scans/crash-detection.ts';
import type { StoreDatabase } from '../store.ts';
import { found, type Problem } from './problem.ts';

/** Scans marked as running although their process is gone. */
export async function checkJobs(db: StoreDatabase, fix: boolean): Promise<Problem[]> {
  const crashed = await findCrashedJobs(db);
  const marked = new Set(fix ? (await markCrashedJobs(db)).map(({ id }) => id) : []);
  return Promise.all(
    crashed.map(({ id, status, worker }) =>
      found(
        {
          code: 'stuck_scan',
          severity: 'fault',
          object: id,
          message: `the scan is ${status}, but its process ${worker?.id ?? ''} is gone`,
          remedy: `"portolan resume ${shortId(id)}" resumes it`,
        },
        { fix, repair: () => marked.has(id) },
      ),
    ),
  );
}
