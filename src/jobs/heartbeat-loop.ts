import { heartbeat, type ScanCounts } from '../store/scans/heartbeat.ts';
import { type Lease, renewLease } from '../store/scans/leases.ts';
import type { StoreDatabase } from '../store/store.ts';

/** How often a runner says that it is alive and hears whether its scan is to stop, ms. */
const heartbeatMs = 500;

/** The life signs of a scan's runner. */
export interface HeartbeatLoop {
  /** Aborted when the scan was ended or paused, ran out of time, or its units are lost. */
  readonly signal: AbortSignal;
  hasLostLease(): boolean;
  /** Tells the last of what was counted. */
  stop(): Promise<void>;
}

export interface HeartbeatOptions {
  /** How long the lease lasts while its runner is silent, ms; undefined for no limit. */
  readonly leaseMs: number | undefined;
  /** What the runner has counted so far. */
  readonly counted: () => ScanCounts;
}

/** Begins to tell the store that a runner lives and how far it is, and to hear what it is to do. */
export function startHeartbeatLoop(
  db: StoreDatabase,
  lease: Lease,
  { leaseMs = Number.POSITIVE_INFINITY, counted }: HeartbeatOptions,
): HeartbeatLoop {
  const controller = new AbortController();
  const counter = newCounter(db, lease, counted);
  let renewedMs = performance.now();
  let isLost = false;
  const lose = (): void => {
    isLost = true;
    controller.abort();
  };
  const beat = async (): Promise<void> => {
    const state = await counter.tell();
    if (state?.status !== 'running' || isOver(state.timeout_at)) controller.abort();
    const beganMs = performance.now();
    if (beganMs - renewedMs < leaseMs / 3) return;
    const unrecorded = lease.attempts.size;
    const held = await renewLease(db, lease, leaseMs);
    renewedMs = beganMs;
    // Units that were recorded while the answer came are held no more, and need not be.
    if (held < unrecorded && lease.attempts.size === unrecorded) lose();
  };
  let last: Promise<void> | undefined;
  const timer = setInterval(
    () => {
      // Nobody has heard of this runner for as long as its lease: its units may be others'.
      if (performance.now() - renewedMs > leaseMs) lose();
      last ??= beat()
        .catch(() => undefined) // the next heartbeat makes up for a late one
        .finally(() => (last = undefined));
    },
    Math.min(heartbeatMs, leaseMs / 4),
  );
  return {
    signal: controller.signal,
    hasLostLease: () => isLost,
    async stop() {
      clearInterval(timer);
      await last;
      if (counter.hasGrown()) await counter.tell().catch(() => undefined);
    },
  };
}

/** Tells the store how much the counts have grown since it was told. */
function newCounter(
  db: StoreDatabase,
  { job }: Lease,
  counted: () => ScanCounts,
): { tell(): ReturnType<typeof heartbeat>; hasGrown(): boolean } {
  let told = counted();
  return {
    async tell() {
      const now = counted();
      const state = await heartbeat(db, job, {
        hosts_done: now.hosts_done - told.hosts_done,
        hosts_up: now.hosts_up - told.hosts_up,
        ports_open: now.ports_open - told.ports_open,
      });
      told = now;
      return state;
    },
    hasGrown: () => total(counted()) > total(told),
  };
}

function total({ hosts_done, hosts_up, ports_open }: ScanCounts): number {
  return hosts_done + hosts_up + ports_open;
}

function isOver(timeoutAt: number | null): boolean {
  return timeoutAt !== null && timeoutAt < Date.now();
}
