import type { ScanEvent } from '../core/events.ts';
import type { Unit } from '../core/plan.ts';
import { AppError } from '../errors.ts';
import { newProgress, type ScanProgress } from '../scan/scanner.ts';
import { findScanner } from '../scan/scanners.ts';
import { finishJob } from '../store/scans/end-scan.ts';
import type { ScanCounts } from '../store/scans/heartbeat.ts';
import { getJob, type Job } from '../store/scans/jobs.ts';
import { extendLease, type Lease, startScan } from '../store/scans/leases.ts';
import type { PlannedScan } from '../store/scans/planned-scan.ts';
import { currentWorker, uniqueWorker, type Worker } from '../store/scans/process-identity.ts';
import { runFinish, runStart } from '../store/scans/run-events.ts';
import type { Store } from '../store/store.ts';
import { runLease } from './run-lease.ts';

/** What a caller hears of a running scan. */
export interface ScanHooks {
  readonly signal: AbortSignal;
  readonly progress?: ScanProgress;
  /** Instead of ending it as cancelled where the signal aborts: so that it is resumed elsewhere. */
  readonly leave?: (id: string) => Promise<void>;
  /** Every open port at once, long before it is recorded. */
  readonly onOpenPort?: (addr: string, port: number) => void;
  /**
   * Events after they were recorded: `run.start`, each unit's, `run.finish`. The scan waits for what
   * it returns, so that a slow reader slows it instead of filling memory.
   */
  readonly onEvents?: (events: readonly ScanEvent[]) => void | Promise<void>;
}

/** Units leased first, and at most at once: each lease is twice as large as the one before. */
const firstLease = 16;
const largestLease = 4096;

/**
 * Runs a pending scan in this process to its end, as a worker that has no other scan: units that
 * are already completed are left out, each other one is recorded in one transaction when it is
 * done. An abort ends it as cancelled, with all that was found.
 *
 * @returns the scan as it ended: completed, cancelled, paused or failed
 * @throws AppError UNSUPPORTED for an imported scan; ILLEGAL_TRANSITION where somebody else runs it;
 *   STORE_FULL and others of the store, after the scan was marked failed
 */
export async function runScan(store: Store, scan: PlannedScan, hooks: ScanHooks): Promise<Job> {
  const { database } = store;
  const { id } = scan.job;
  const { load } = findScanner(scan.job.scan_type);
  const lease = await takeScan(store, scan);
  const progress = hooks.progress ?? newProgress();
  skipCompleted(scan, lease, progress);
  await hooks.onEvents?.([runStart(lease.job)]);
  const failure = await runLease(store, {
    ...hooks,
    scan,
    lease,
    loadScanner: load,
    progress,
    leaseMs: undefined,
    units: leasedUnits(store, scan, lease),
    counted: () => countsOf(progress),
    onRecorded: (events) => hooks.onEvents?.(events),
    onStopped: ({ attempts: attempt }) =>
      hooks.leave?.(id) ?? finishJob(database, id, { status: 'cancelled', attempt }),
  });
  const job = await getJob(database, id);
  if (failure instanceof AppError && failure.code === 'LEASE_LOST') {
    if (job.status === 'running') throw alreadyRunning(id, job.worker);
  } else if (failure) throw failure;
  if (job.completed_at !== null) await hooks.onEvents?.([runFinish(job)]);
  return job;
}

/** Of two who start a scan at once, one gets it; the other hears who. */
async function takeScan(store: Store, { job, plan }: PlannedScan): Promise<Lease> {
  try {
    return await startScan(store.database, job, {
      worker: currentWorker(),
      workerId: uniqueWorker().id,
      wanted: firstLease,
      unitAt: (index) => plan.unit(index),
    });
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'ILLEGAL_TRANSITION')) throw error;
    const { status, worker: other } = await getJob(store.database, job.id);
    if (status !== 'running') throw error;
    throw alreadyRunning(job.id, other);
  }
}

/** Says who runs a scan that somebody else wants to run. */
export function alreadyRunning(id: string, worker: Worker | undefined): AppError {
  const who = worker
    ? `process ${worker.pid} on ${worker.id.replace(/:\d+$/, '')}`
    : 'another process';
  return new AppError(
    'ILLEGAL_TRANSITION',
    `scan ${id} is being run by ${who}: wait for it, or stop that process first`,
    { details: { worker: worker?.id } },
  );
}

/** The units that are left, leased as the scanner takes them. */
async function* leasedUnits(
  { database }: Store,
  { plan }: PlannedScan,
  lease: Lease,
): AsyncGenerator<Unit> {
  let { units } = lease;
  for (let wanted = firstLease; ;) {
    yield* units;
    if (units.length < wanted) return;
    wanted = Math.min(wanted * 2, largestLease);
    const { workerId } = lease;
    const request = { workerId, wanted, unitAt: (index: number) => plan.unit(index) };
    units = await extendLease(database, lease, request);
  }
}

/** Work that an earlier attempt has done counts as done, or time left would be wrong. */
function skipCompleted({ plan }: PlannedScan, lease: Lease, progress: ScanProgress): void {
  const portCount = plan.hostCount === 0 ? 0 : plan.probeCount / plan.hostCount;
  progress.hostsDone += lease.job.hosts_done;
  progress.probesDone += lease.job.hosts_done * portCount;
}

function countsOf({ hostsDone, hostsUp, portsOpen }: ScanProgress): ScanCounts {
  return { hosts_done: hostsDone, hosts_up: hostsUp, ports_open: portsOpen };
}
