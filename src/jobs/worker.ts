import { randomBytes } from 'node:crypto';
import { planScan, type ScanPlan } from '../core/plan.ts';
import { parseScanConfig } from '../core/scan-config.ts';
import { scanners as ownScanners } from '../scan/scanners.ts';
import { finishJob } from '../store/scans/end-scan.ts';
import { isConflict } from '../store/scans/transitions.ts';
import { reapJobs } from './upkeep.ts';
import { isJobDone, takeLease, type Lease } from '../store/scans/leases.ts';
import type { Job } from '../store/scans/jobs.ts';
import { type Store, taskName } from '../store/store.ts';
import { currentWorker } from '../store/scans/process-identity.ts';
import { heartbeatWorker, registerWorker, removeWorker } from '../store/scans/workers.ts';
import { workLease } from './work-lease.ts';

/** How a worker works. */
export interface WorkerOptions {
  readonly signal: AbortSignal;
  /** Parts of scans at once. */
  readonly concurrency?: number;
  /** Scans that it makes; those over the network by default. */
  readonly scanTypes?: readonly string[];
  /** Labels that it has: it makes scans that ask for one of them, and those that ask for none. */
  readonly labels?: readonly string[];
  /** How long units stay its own while it is silent, ms. */
  readonly leaseMs?: number;
  readonly scanners?: typeof ownScanners;
  /** Told of what failed; the worker goes on. */
  readonly onError?: (error: Error) => void;
  /** Told when it is ready for work. */
  readonly onReady?: (id: string) => void;
}

export const defaultConcurrency = 4;
const defaultLeaseMs = 30_000;
export const defaultScanTypes = ['network', 'discovery'] as const;

/** A part of a worker takes as many units as it does in about so long, ms. */
const sliceMs = 10_000;

/**
 * Works on queued scans until the signal aborts; then records what it has found, hands back the
 * units that it has not finished, and returns. Any number of workers share a store.
 */
export async function runWorker(store: Store, options: WorkerOptions): Promise<void> {
  const settings = {
    concurrency: options.concurrency ?? defaultConcurrency,
    scanTypes: options.scanTypes ?? [...defaultScanTypes],
    labels: options.labels ?? [],
  };
  const worker = { ...currentWorker() };
  const self = { ...worker, id: `${worker.id}:${randomBytes(3).toString('hex')}` };
  await registerWorker(store.database, self, settings);
  const parts = newParts(store, self.id, { ...options, ...settings });
  const tending = tend(store, self, options);
  options.onReady?.(self.id);
  try {
    await store.runQueue({
      tasks: tasksOf(settings),
      concurrency: settings.concurrency,
      signal: options.signal,
      work: parts,
    });
  } finally {
    await tending;
    await removeWorker(store.database, self).catch(() => undefined);
  }
}

function tasksOf({
  scanTypes,
  labels,
}: {
  scanTypes: readonly string[];
  labels: readonly string[];
}): string[] {
  return scanTypes.flatMap((scanType) =>
    [null, ...labels].map((label) => taskName({ scanType, label })),
  );
}

type PartOptions = WorkerOptions & {
  readonly scanTypes: readonly string[];
  readonly labels: readonly string[];
};

/** What each call for the worker does; calls at once are numbered, for their leases' names. */
function newParts(
  store: Store,
  workerId: string,
  options: PartOptions,
): (tenantId: string) => Promise<boolean> {
  const { leaseMs = defaultLeaseMs, scanners = ownScanners, signal, onError } = options;
  const numbers = new Set<number>();
  const paces = new Map<string, number>();
  const plans = new Map<string, ScanPlan>();
  const planOf = (job: Job): ScanPlan => {
    const known = plans.get(job.id);
    if (known) return known;
    if (plans.size > 100) plans.clear();
    const plan = planScan(parseScanConfig(job.config));
    plans.set(job.id, plan);
    return plan;
  };
  return async (tenantId) => {
    if (signal.aborted) return false;
    const own = store.forTenant(tenantId);
    let number = 1;
    while (numbers.has(number)) number++;
    numbers.add(number);
    try {
      const work = await takeLease(own.database, {
        workerId: `${workerId}/${number}`,
        scanTypes: options.scanTypes,
        labels: options.labels,
        leaseMs,
        unitsOf: ({ id }) => Math.ceil(paces.get(id) ?? 1),
        unitAt: (job, unit) => planOf(job).unit(unit),
      });
      if (!work) return false;
      if (work.units.length === 0) return await endIfDone(own, work);
      const startedMs = performance.now();
      const plan = planOf(work.job);
      const failure = await workLease(own, work, { scanners, plan, leaseMs, signal });
      const tookMs = Math.max(1, performance.now() - startedMs);
      if (paces.size > 1000) paces.clear();
      // At most eight times as many as last time: the first units tell little.
      const pace = Math.min(work.units.length * 8, (work.units.length * sliceMs) / tookMs);
      paces.set(work.job.id, pace);
      if (failure) onError?.(failure);
      return true;
    } catch (error) {
      onError?.(error as Error);
      return false;
    } finally {
      numbers.delete(number);
    }
  };
}

/** A scan of which nothing was left to take. */
async function endIfDone({ database }: Store, { job }: Lease): Promise<boolean> {
  if (!(await isJobDone(database, job.id))) return false;
  try {
    await finishJob(database, job.id, { status: 'completed', attempt: job.attempts });
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return true;
}

/** Says that the worker lives, and looks after scans whose workers do not, until the end. */
async function tend(
  store: Store,
  self: ReturnType<typeof currentWorker>,
  { signal, leaseMs = defaultLeaseMs, onError }: WorkerOptions,
): Promise<void> {
  const everyMs = Math.min(5000, leaseMs / 3);
  while (!signal.aborted) {
    try {
      await heartbeatWorker(store.database, self, false);
      for (const tenantId of await store.tenantsAtWork()) {
        await reapJobs(store.forTenant(tenantId).database);
      }
    } catch (error) {
      onError?.(error as Error);
    }
    await pause(everyMs * (0.75 + Math.random() / 2), signal);
  }
  await heartbeatWorker(store.database, self, true).catch(() => undefined);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    if (signal.aborted) resolve();
  });
}
