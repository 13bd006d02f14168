import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventBatch } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import { jobCoverage } from '../store/scans/coverage.ts';
import type { Lease } from '../store/scans/leases.ts';
import type { RecordResult, Store } from '../store/store.ts';

type Batch = readonly ScanEvent[];

/** Units recorded in one transaction at most, where several are ready at once. */
const unitsAtOnce = 500;
/** Events, above which a transaction is large enough. */
const eventsAtOnce = 5000;

/**
 * Records what a scanner finds in leased units: a unit's results and its completion in one
 * transaction, and units that are done at the same time in the same one, since a commit costs as
 * much as many small units.
 *
 * @param onRecorded told of every unit that is in the store
 * @throws AppError LEASE_LOST where a unit is another worker's by now; nothing of that unit is
 *   written then
 */
export async function recordLeased(
  store: Store,
  work: Lease,
  batches: AsyncIterable<Batch>,
  onRecorded: (batch: Batch) => void,
): Promise<void> {
  const record = recorderOf(store, work);
  for await (const group of grouped(batches)) {
    const { status } = await record(group.flat());
    if (status === 'recorded') {
      for (const batch of group) onRecorded(batch);
      continue;
    }
    // Some of the units are somebody else's by now, or done: each for itself.
    for (const batch of group) {
      const alone = group.length === 1 ? { status } : await record(batch);
      if (alone.status === 'lost') throw leaseLost(work);
      if (alone.status === 'recorded') onRecorded(batch);
    }
  }
}

function recorderOf(store: Store, { job, lease }: Lease): (events: Batch) => Promise<RecordResult> {
  const coverage = jobCoverage(job.config);
  return (events) =>
    store.record(job.id, eventBatch(events), { lease, ...(coverage && { coverage }) });
}

export function leaseLost({ job, lease }: Lease): AppError {
  return new AppError(
    'LEASE_LOST',
    `units of scan ${job.id} are no longer this worker's (${lease.workerId}): it was silent for ` +
      'too long, or the scan was begun again meanwhile',
  );
}

/** Batches that are there together, as one; the scanner is one batch ahead of what is recorded. */
async function* grouped(batches: AsyncIterable<Batch>): AsyncGenerator<readonly Batch[]> {
  const source = batches[Symbol.asyncIterator]();
  let next = source.next();
  next.catch(() => undefined);
  try {
    for (;;) {
      const first = await next;
      if (first.done) return;
      const group = [first.value];
      let size = first.value.length;
      next = source.next();
      next.catch(() => undefined);
      while (group.length < unitsAtOnce && size < eventsAtOnce) {
        const ready = await Promise.race([next, nextTurn(undefined)]);
        if (ready === undefined || ready.done) break;
        group.push(ready.value);
        size += ready.value.length;
        next = source.next();
        next.catch(() => undefined);
      }
      yield group;
    }
  } finally {
    await source.return?.();
  }
}
