import type { StoreDatabase } from '../store.ts';
import type { Job } from './jobs.ts';

/** Tells workers of a scan that waits for them, in the transaction that makes it wait. */
export async function queueJob(
  db: StoreDatabase,
  job: Pick<Job, 'is_detached' | 'scan_type' | 'worker_label' | 'priority' | 'run_at'>,
): Promise<void> {
  if (!job.is_detached) return;
  await db.notifyWorkers({
    scanType: job.scan_type,
    label: job.worker_label,
    priority: job.priority,
    ...(job.run_at !== null && { runAt: job.run_at }),
  });
}
