import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventBatch } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import type { Lease } from '../store/scans/leases.ts';
import type { PlannedScan } from '../store/scans/planned-scan.ts';
import type { Store } from '../store/store.ts';

type Batch = readonly ScanEvent[];

/** Maximum units per transaction, if several are ready at once. */
const unitsAtOnce = 500;
/** Number of events from which a transaction is large enough. */
const eventsAtOnce = 5000;

/** A scan to record, and its lease. */
export interface Recording {
  readonly coverage: PlannedScan['coverage'];
  readonly lease: Lease;
  /** Called with every recorded batch. */
  readonly onRecorded: (batch: Batch) => void | Promise<void>;
}

/**
 * Records a scanner's results for leased units: a unit's results and its completion in one
 * transaction, together with other units that are ready, because a commit costs as much as many
 * small units. The scanner is at most one batch ahead of the store, so that a slow disk slows the
 * scan instead of filling memory. There is no signal: an aborted scanner yields its results so far,
 * which are still recorded. The caller handles the scan's state.
 *
 * @throws AppError LEASE_LOST if a unit is no longer held; nothing of that unit is written
 */
export async function recordScan(
  store: Store,
  batches: AsyncIterable<Batch>,
  { coverage, lease, onRecorded }: Recording,
): Promise<void> {
  const record = async (group: readonly Batch[]): Promise<boolean> => {
    const events = eventBatch(group.flat());
    const { status } = await store.record(lease.job.id, events, { lease, coverage });
    if (status !== 'recorded' && group.length > 1) return false;
    if (status === 'lost') throw leaseLost(lease);
    for (const batch of group) {
      for (const event of batch) if (event.type === 'run.unit') lease.attempts.delete(event.unit);
      if (status === 'recorded') await onRecorded(batch);
    }
    return true;
  };
  for await (const group of grouped(batches)) {
    if (await record(group)) continue;
    // Some of the units are already done or held by another worker, so write each separately.
    for (const batch of group) await record([batch]);
  }
}

/** The error of a runner whose units are now held by others. */
export function leaseLost({ job, workerId }: Lease): AppError {
  return new AppError(
    'LEASE_LOST',
    `units of scan ${job.id} are no longer this worker's (${workerId}): it was silent for too ` +
      'long, or the scan was restarted',
  );
}

/** Merges batches that are ready together. The scanner is one batch ahead of the store. */
async function* grouped(batches: AsyncIterable<Batch>): AsyncGenerator<readonly Batch[]> {
  const source = batches[Symbol.asyncIterator]();
  const pull = (): Promise<IteratorResult<Batch>> => {
    const next = source.next();
    next.catch(() => undefined);
    return next;
  };
  let next = pull();
  try {
    for (;;) {
      const first = await next;
      if (first.done) return;
      const group = [first.value];
      let size = first.value.length;
      next = pull();
      while (group.length < unitsAtOnce && size < eventsAtOnce) {
        const ready = await Promise.race([next, nextTurn(undefined)]);
        if (ready === undefined || ready.done) break;
        group.push(ready.value);
        size += ready.value.length;
        next = pull();
      }
      yield group;
    }
  } finally {
    await source.return?.();
  }
}
