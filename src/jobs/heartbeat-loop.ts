import type { ScanEvent } from '../core/events.ts';
import { heartbeatGrowth, type Growth, renewLease, type Lease } from '../store/scans/leases.ts';
import type { StoreDatabase } from '../store/store.ts';

/** How often a worker hears whether its scan is to stop, ms. */
const beatMs = 500;

/** The life signs of a worker that has units of a scan. */
export interface HeartbeatLoop {
  /** Aborted when the scan was ended or paused, ran out of time, or its units are lost. */
  readonly signal: AbortSignal;
  /** Counts a batch that is in the store. */
  readonly onRecorded: (batch: readonly ScanEvent[]) => void;
  hasLostLease(): boolean;
  /** Says the last of what was counted. */
  stop(): Promise<void>;
}

/** Begins to tell the store that a worker lives and how far it is, and to hear what it is to do. */
export function startHeartbeatLoop(
  db: StoreDatabase,
  work: Lease,
  { leaseMs }: { readonly leaseMs: number },
): HeartbeatLoop {
  const controller = new AbortController();
  let grown: Growth = { hosts_done: 0, hosts_up: 0, ports_open: 0 };
  let done = 0;
  let renewedMs = performance.now();
  let isLost = false;
  const lose = (): void => {
    isLost = true;
    controller.abort();
  };
  const beat = async (): Promise<void> => {
    const told = grown;
    grown = { hosts_done: 0, hosts_up: 0, ports_open: 0 };
    const job = await heartbeatGrowth(db, work.job.id, told).catch((error: unknown) => {
      grown = sum(grown, told);
      throw error;
    });
    if (job?.status !== 'running' || isOver(job.timeout_at)) controller.abort();
    const beganMs = performance.now();
    if (beganMs - renewedMs < leaseMs / 3) return;
    const before = done;
    const held = await renewLease(db, work.job.id, work.lease, leaseMs);
    renewedMs = beganMs;
    // Units that were recorded while the answer came are held no more, and need not be.
    if (held < work.units.length - done && done === before) lose();
  };
  let last: Promise<void> = Promise.resolve();
  let isBeating = false;
  const timer = setInterval(
    () => {
      // Nobody has heard of this worker for as long as its lease: its units may be others'.
      if (performance.now() - renewedMs > leaseMs) lose();
      if (isBeating) return;
      isBeating = true;
      last = beat()
        .catch(() => undefined) // a late beat is made up for by the next one
        .finally(() => (isBeating = false));
    },
    Math.min(beatMs, leaseMs / 4),
  );
  return {
    signal: controller.signal,
    onRecorded(batch) {
      grown = sum(grown, growthOf(batch));
      done += batch.filter(({ type }) => type === 'run.unit').length;
    },
    hasLostLease: () => isLost,
    async stop() {
      clearInterval(timer);
      await last;
      if (grown.hosts_done > 0)
        await heartbeatGrowth(db, work.job.id, grown).catch(() => undefined);
    },
  };
}

function isOver(timeoutAt: number | null): boolean {
  return timeoutAt !== null && timeoutAt < Date.now();
}

function growthOf(batch: readonly ScanEvent[]): Growth {
  let grown: Growth = { hosts_done: 0, hosts_up: 0, ports_open: 0 };
  for (const event of batch) {
    if (event.type !== 'run.unit' || event.status !== 'completed') continue;
    grown = sum(grown, {
      hosts_done: event.last - event.first + 1,
      hosts_up: event.counts['hosts_up'] ?? 0,
      ports_open: event.counts['ports_open'] ?? 0,
    });
  }
  return grown;
}

function sum(a: Growth, b: Growth): Growth {
  return {
    hosts_done: a.hosts_done + b.hosts_done,
    hosts_up: a.hosts_up + b.hosts_up,
    ports_open: a.ports_open + b.ports_open,
  };
}
