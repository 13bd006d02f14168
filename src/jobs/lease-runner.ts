import type { ScanEvent } from '../core/events.ts';
import type { Unit } from '../core/plan.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import { newProgress } from '../scan/scanner.ts';
import { findScanner, type scanners } from '../scan/scanners.ts';
import type { Job } from '../store/scans/jobs.ts';
import { takeLease, type WorkRequest } from '../store/scans/leases.ts';
import { type PlannedScan, planJob } from '../store/scans/planned-scan.ts';
import { isConflict } from '../store/scans/transitions.ts';
import type { Store, StoreDatabase } from '../store/store.ts';
import { runLease } from './run-lease.ts';
import { completeIfDone } from './upkeep.ts';

/** How a worker runs leases. */
export interface LeaseRunnerOptions extends Pick<WorkRequest, 'scanTypes' | 'labels' | 'leaseMs'> {
  readonly signal: AbortSignal;
  readonly scanners: typeof scanners;
  readonly onError: ((error: Error) => void) | undefined;
}

/** About how long the units of one lease should take, ms. */
const leasedWorkMs = 10_000;

/** Takes leases of a tenant's scans and runs them. */
export interface LeaseRunner {
  /**
   * Takes one lease and runs it to its end.
   *
   * @param workerId names the lease
   * @returns whether there was something to do
   */
  runNext(store: Store, workerId: string): Promise<boolean>;
}

/** The runner of one worker, which remembers the plans of its scans and how fast they go. */
export function newLeaseRunner(options: LeaseRunnerOptions): LeaseRunner {
  const { scanners: known, leaseMs, signal, onError } = options;
  const planOf = plansByScan();
  const paces = new Map<string, number>();
  return {
    async runNext(store, workerId) {
      const lease = await takeLease(store.database, {
        ...options,
        workerId,
        unitsOf: ({ id }) => Math.ceil(paces.get(id) ?? 1),
        unitAt: (job, index) => planOf(job).plan.unit(index),
      });
      if (!lease) return false;
      const { job, units, holders } = lease;
      if (units.length === 0) return await endIfDone(store.database, job);
      const startedMs = performance.now();
      const scan = planOf(job);
      const counted = newTally();
      const failure = await runLease(store, {
        scan: { ...scan, job, config: shareOf(scan.config, holders) },
        lease,
        loadScanner: () => findScanner(job.scan_type, known).load(),
        leaseMs,
        units: leased(units),
        progress: newProgress(),
        signal,
        counted: () => ({ ...counted }),
        onRecorded: (events) => tally(counted, events),
      });
      const tookMs = Math.max(1, performance.now() - startedMs);
      if (paces.size > 1000) paces.clear();
      // At most eight times as many as last time: the first units tell little.
      paces.set(job.id, Math.min(units.length * 8, (units.length * leasedWorkMs) / tookMs));
      if (failure) onError?.(failure);
      return true;
    },
  };
}

/** Plans each scan once, as long as there are not too many. */
function plansByScan(): (job: Job) => PlannedScan {
  const plans = new Map<string, PlannedScan>();
  return (job) => {
    const scan = plans.get(job.id) ?? planJob(job);
    if (plans.size > 100) plans.clear();
    plans.set(job.id, scan);
    return scan;
  };
}

async function* leased(units: readonly Unit[]): AsyncGenerator<Unit> {
  yield* await Promise.resolve(units);
}

/** The limits of a scan are those of all of its workers together. */
function shareOf(config: NetworkScanConfig, holders: number): NetworkScanConfig {
  return {
    ...config,
    rate: config.rate === 0 ? 0 : Math.max(0.1, config.rate / holders),
    parallelism: Math.max(1, Math.floor(config.parallelism / holders)),
  };
}

/** Ends a scan that has nothing left to lease. */
async function endIfDone(db: StoreDatabase, job: Job): Promise<boolean> {
  try {
    return await completeIfDone(db, job);
  } catch (error) {
    if (isConflict(error)) return true;
    throw error;
  }
}

interface Tally {
  hosts_done: number;
  hosts_up: number;
  ports_open: number;
}

function newTally(): Tally {
  return { hosts_done: 0, hosts_up: 0, ports_open: 0 };
}

/** Counts completed units: a partial one is somebody's again. */
function tally(counts: Tally, events: readonly ScanEvent[]): void {
  for (const event of events) {
    if (event.type !== 'run.unit' || event.status !== 'completed') continue;
    counts.hosts_done += event.last - event.first + 1;
    counts.hosts_up += event.counts['hosts_up'] ?? 0;
    counts.ports_open += event.counts['ports_open'] ?? 0;
  }
}
