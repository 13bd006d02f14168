import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventBatch } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import type { Lease } from '../store/scans/leases.ts';
import type { PlannedScan } from '../store/scans/planned-scan.ts';
import type { Store } from '../store/store.ts';

type Batch = readonly ScanEvent[];

/** Units recorded in one transaction at most, where several are ready at once. */
const unitsAtOnce = 500;
/** Events, above which a transaction is large enough. */
const eventsAtOnce = 5000;

/** What is recorded of a scan, and under which lease. */
export interface Recording {
  readonly coverage: PlannedScan['coverage'];
  readonly lease: Lease;
  /** Called with every batch that is in the store. */
  readonly onRecorded: (batch: Batch) => void | Promise<void>;
}

/**
 * Records what a scanner finds in leased units: a unit's results and its completion in one
 * transaction, and units that are done at the same time in the same one, since a commit costs as
 * much as many small units. The scanner is at most one batch ahead of what is in the store, so that
 * a slow disk slows the scan instead of filling memory. It takes no signal: a scanner that is
 * aborted yields what it has found, and that is still recorded. The scan's state is the caller's.
 *
 * @throws AppError LEASE_LOST where a unit is no longer held; nothing of that unit is written then
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
    // Some of the units are somebody else's by now, or done: each on its own.
    for (const batch of group) await record([batch]);
  }
}

/** The error of a runner whose units are others' by now. */
export function leaseLost({ job, workerId }: Lease): AppError {
  return new AppError(
    'LEASE_LOST',
    `units of scan ${job.id} are no longer this worker's (${workerId}): it was silent for too ` +
      'long, or the scan was started again meanwhile',
  );
}

/** Batches that are ready together, as one; the scanner is one batch ahead of what is recorded. */
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
