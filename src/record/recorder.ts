import { eventBatch } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import { jobCoverage } from '../store/scans/coverage.ts';
import type { Job } from '../store/scans/jobs.ts';
import type { RecordResult, Store } from '../store/store.ts';

/**
 * Records a running scan: each batch that the scanner yields (a unit) in one transaction. The
 * scanner is asked for the next one only when the last is in the store, so that a slow disk slows
 * the scan instead of filling memory. It takes no signal: a scanner that is aborted yields what it
 * has found, and that is still recorded. Job state is the caller's: `startJob` before, `finishJob`
 * after.
 *
 * @param job as `startJob` returned it: its attempt number fences every write
 * @param onRecorded told of each batch when it is in the store
 * @throws AppError ILLEGAL_TRANSITION where the job was taken from this worker; STORE_FULL, …
 */
export async function recordScan(
  store: Store,
  job: Pick<Job, 'id' | 'attempts' | 'config'>,
  batches: AsyncIterable<readonly ScanEvent[]>,
  onRecorded?: (batch: readonly ScanEvent[], result: RecordResult) => void,
): Promise<void> {
  const coverage = jobCoverage(job.config);
  for await (const events of batches) {
    const result = await store.record(job.id, eventBatch(events), {
      attempt: job.attempts,
      ...(coverage && { coverage }),
    });
    if (result.status === 'lost') {
      throw new AppError(
        'ILLEGAL_TRANSITION',
        `scan ${job.id} is no longer run by this process: it was resumed or ended elsewhere`,
      );
    }
    onRecorded?.(events, result);
  }
}
