import type { StoreDatabase } from '../store.ts';
import type { Job } from './jobs.ts';

/** Queues a message for workers in the transaction that queues their scan. */
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
