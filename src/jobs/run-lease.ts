import type { ScanEvent } from '../core/events.ts';
import type { Unit } from '../core/plan.ts';
import { AppError, errorOf } from '../errors.ts';
import { leaseLost, recordScan } from '../record/recorder.ts';
import type { ScanContext, Scanner } from '../scan/scanner.ts';
import { countFacts } from '../store/scans/end-scan.ts';
import { getJob, type Job } from '../store/scans/jobs.ts';
import { type Lease, releaseLease } from '../store/scans/leases.ts';
import type { PlannedScan } from '../store/scans/planned-scan.ts';
import { failAttempt } from '../store/scans/transitions.ts';
import type { Store } from '../store/store.ts';
import { type HeartbeatOptions, startHeartbeatLoop } from './heartbeat-loop.ts';
import { completeIfDone, endOverdue, unlessConflict } from './upkeep.ts';

/** What a lease is run with. */
export interface LeaseRun
  extends Pick<ScanContext, 'progress' | 'signal' | 'onOpenPort'>, HeartbeatOptions {
  readonly scan: PlannedScan;
  readonly lease: Lease;
  readonly loadScanner: () => Promise<Scanner>;
  /** The units of the lease, and those that it is extended by. */
  readonly units: AsyncIterable<Unit>;
  /** Called with each batch that is in the store. */
  readonly onRecorded: (events: readonly ScanEvent[]) => void | Promise<void>;
  /** Called where the signal aborted and the scan still runs; without it other workers continue. */
  readonly onStopped?: (job: Job) => Promise<unknown>;
}

/** Errors of the store that say nothing about the scan: its units are leased again later. */
const transient = new Set(['STORE_UNREACHABLE', 'UNKNOWN_OUTCOME', 'BUSY', 'LEASE_LOST']);

/**
 * Runs a scanner over leased units to their end, and ends the scan where they were its last. Ends
 * early, with what was found recorded and the rest handed back, where the scan is paused, cancelled
 * or out of time, or the signal aborts.
 *
 * @returns the error, for the log, where something failed; it is dealt with already
 */
export async function runLease(store: Store, run: LeaseRun): Promise<Error | undefined> {
  const { database } = store;
  const { lease, scan } = run;
  const heartbeat = startHeartbeatLoop(database, lease, run);
  const scanFailure = await failureOf(async () => {
    const signal = AbortSignal.any([run.signal, heartbeat.signal]);
    const context = { ...run, runId: lease.job.id, plan: scan.plan, signal };
    const scanner = await run.loadScanner();
    await recordScan(store, scanner(scan.config, context), { ...run, coverage: scan.coverage });
    if (heartbeat.hasLostLease()) throw leaseLost(lease);
  });
  await heartbeat.stop();
  const isAllRecorded = !scanFailure && lease.attempts.size === 0;
  const releaseFailure = isAllRecorded
    ? undefined
    : await failureOf(() => unlessConflict(releaseLease(database, lease)));
  // Tried even if the release failed: the next runner sees to what failed here.
  const endFailure = await failureOf(() => unlessConflict(settle(store, run, scanFailure)));
  return scanFailure ?? releaseFailure ?? endFailure;
}

async function failureOf(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return errorOf(error);
  }
}

/** Ends the scan where it is complete, overdue, failed or stopped; others may have ended it. */
async function settle(
  { database }: Store,
  { lease, signal, onStopped }: LeaseRun,
  failure: Error | undefined,
): Promise<void> {
  const job = await getJob(database, lease.job.id);
  if (job.status !== 'running') {
    // It was ended while units were being recorded: they count too.
    if (job.status !== 'pending') await countFacts(database, job.id);
    return;
  }
  if (job.attempts !== lease.job.attempts) return;
  if (failure && !isTransient(job, failure)) {
    await failAttempt(database, job, failure.message);
  } else if (job.timeout_at !== null && job.timeout_at < Date.now()) {
    await endOverdue(database, job);
  } else if (signal.aborted && onStopped) {
    await onStopped(job);
  } else {
    await completeIfDone(database, job);
  }
}

/** Whether other workers continue in spite of an error. A scan in a process has no other worker. */
function isTransient(job: Job, failure: Error): boolean {
  if (!(failure instanceof AppError)) return false;
  return job.is_detached ? transient.has(failure.code) : failure.code === 'LEASE_LOST';
}
