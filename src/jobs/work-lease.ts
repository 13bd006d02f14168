import type { ScanEvent } from '../core/events.ts';
import type { ScanPlan, Unit } from '../core/plan.ts';
import { type NetworkScanConfig, parseScanConfig } from '../core/scan-config.ts';
import { AppError, messageOf } from '../errors.ts';
import { newProgress } from '../scan/scanner.ts';
import type { scanners } from '../scan/scanners.ts';
import { failAttempt, isConflict } from '../store/scans/transitions.ts';
import { countFacts, finishJob } from '../store/scans/end-scan.ts';
import { endOverdue } from './upkeep.ts';
import { getJob } from '../store/scans/jobs.ts';
import { isJobDone, releaseLease, type Lease } from '../store/scans/leases.ts';
import type { Store } from '../store/store.ts';
import { leaseLost, recordLeased } from '../record/record-leased.ts';
import { type HeartbeatLoop, startHeartbeatLoop } from './heartbeat-loop.ts';

/** What a slice of work is done with. */
export interface SliceContext {
  readonly scanners: typeof scanners;
  readonly plan: ScanPlan;
  readonly leaseMs: number;
  /** Ends the work: what was found is recorded, the other units are handed back. */
  readonly signal: AbortSignal;
}

/** Errors of the store that say nothing of the scan: its units are somebody's again later. */
const transient = new Set(['STORE_UNREACHABLE', 'UNKNOWN_OUTCOME', 'BUSY', 'LEASE_LOST']);

/**
 * Works on leased units of a scan to their end, and ends the scan where they were its last. Ends
 * early, with what was found recorded and the rest handed back, where the scan is paused, cancelled
 * or out of time, or the signal aborts.
 *
 * @returns the error, for the log, where something failed; it is dealt with already
 */
export async function workLease(
  store: Store,
  work: Lease,
  context: SliceContext,
): Promise<Error | undefined> {
  const { database } = store;
  const pulse = startHeartbeatLoop(database, work, context);
  let failure: Error | undefined;
  try {
    await recordLeased(store, work, await scan(work, context, pulse), pulse.onRecorded);
    if (pulse.hasLostLease()) throw leaseLost(work);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(messageOf(error));
  } finally {
    await pulse.stop();
  }
  try {
    await releaseLease(database, work.job, work.lease);
    await settle(store, work, failure);
  } catch (error) {
    // A store that is away is tended by the next worker that reaches it.
    if (!isConflict(error)) failure ??= error as Error;
  }
  return failure;
}

async function scan(
  { job, units, share }: Lease,
  context: SliceContext,
  pulse: HeartbeatLoop,
): Promise<AsyncIterable<readonly ScanEvent[]>> {
  const entry = context.scanners.find(({ scanType }) => scanType === job.scan_type);
  if (!entry) throw new AppError('UNSUPPORTED', `no scanner here makes a ${job.scan_type} scan`);
  const scanner = await entry.load();
  return scanner(shareOf(parseScanConfig(job.config), share), {
    runId: job.id,
    plan: context.plan,
    units: taken(units),
    progress: newProgress(),
    signal: AbortSignal.any([context.signal, pulse.signal]),
  });
}

async function* taken(units: readonly Unit[]): AsyncGenerator<Unit> {
  yield* await Promise.resolve(units);
}

/** The limits of a scan are those of all of its workers together. */
function shareOf(config: NetworkScanConfig, share: number): NetworkScanConfig {
  const part = (whole: number): number => Math.max(1, Math.floor(whole / share));
  return {
    ...config,
    rate: config.rate === 0 ? 0 : Math.max(0.1, config.rate / share),
    parallelism: part(config.parallelism),
  };
}

/** What became of the scan: done, out of time, failed, or ended by somebody else meanwhile. */
async function settle(store: Store, work: Lease, failure: Error | undefined): Promise<void> {
  const { database } = store;
  const job = await getJob(database, work.job.id);
  if (job.status !== 'running') {
    // It was ended while units were being recorded: they count too.
    if (job.status !== 'pending' && job.status !== 'paused') await countFacts(database, job.id);
    return;
  }
  if (job.attempts !== work.job.attempts) return;
  if (failure && !(failure instanceof AppError && transient.has(failure.code))) {
    await failAttempt(database, job, failure.message);
  } else if (job.timeout_at !== null && job.timeout_at < Date.now()) {
    await endOverdue(database, job);
  } else if (await isJobDone(database, job.id)) {
    await finishJob(database, job.id, { status: 'completed', attempt: job.attempts });
  }
}
