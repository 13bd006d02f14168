import { hostname } from 'node:os';
import { currentUser } from '../core/current-user.ts';
import { eventBatch } from '../core/event-batch.ts';
import type { RunFinish, RunStart, ScanEvent } from '../core/events.ts';
import { type JobPriority, jobPriorities } from '../core/job-priority.ts';
import { planScan, type ScanPlan, type Unit } from '../core/plan.ts';
import { type NetworkScanConfig, parseScanConfig } from '../core/scan-config.ts';
import { AppError, messageOf } from '../errors.ts';
import type { TargetFault } from '../scan/resolve-targets.ts';
import { newProgress, type ScanProgress } from '../scan/scanner.ts';
import { assertForWorkers, scanners } from '../scan/scanners.ts';
import type { Actor } from '../store/setup/actor.ts';
import { finishJob } from '../store/scans/end-scan.ts';
import { endOverdue } from './upkeep.ts';
import { completedUnits } from '../store/scans/find-scan.ts';
import { createJob, type NewJob } from '../store/scans/create-job.ts';
import { getJob, type Job } from '../store/scans/jobs.ts';
import { heartbeat } from '../store/scans/heartbeat.ts';
import { startJob } from '../store/scans/job-status.ts';
import { recordScan } from '../record/recorder.ts';
import type { Store } from '../store/store.ts';
import type { UnitSet } from '../store/scans/unit-set.ts';
import { currentWorker, type Worker } from '../store/scans/process-identity.ts';

/** How often a running scan says that it is alive, and hears whether it is to stop, ms. */
const heartbeatMs = 500;

/** A scan that is to be made. */
export interface NewScan {
  /** One of `scanners`. */
  readonly scanType: string;
  readonly config: NetworkScanConfig;
  /** The words of the command line. */
  readonly args: readonly string[];
  readonly toolVersion: string;
  /** Targets that cannot be scanned, recorded as errors. */
  readonly faults: readonly TargetFault[];
  /** A name to call it by. */
  readonly scanId?: string | undefined;
  /** How long it may run, ms. */
  readonly runLimitMs?: number | undefined;
  /** How it is queued, where workers are to make it. */
  readonly queue?: QueueSettings | undefined;
  /** The names that it is made by. */
  readonly origin?: {
    readonly target?: string | undefined;
    readonly profile?: string | undefined;
    readonly schedule?: string | undefined;
  };
  /** Who makes it, where that is not the person who runs this process. */
  readonly actor?: Actor | undefined;
}

/** How workers take a scan. */
export interface QueueSettings {
  readonly priority?: JobPriority | undefined;
  /** Only workers with this label make it. */
  readonly label?: string | undefined;
  readonly maxAttempts?: number | undefined;
  /** Units that a worker takes at once, at most. */
  readonly batchSize?: number | undefined;
}

/** What a caller hears of a running scan. */
export interface ScanHooks {
  readonly signal: AbortSignal;
  readonly progress?: ScanProgress;
  /** Instead of ending it as cancelled where the signal aborts: so that others go on with it. */
  readonly leave?: (id: string) => Promise<void>;
  /** Every open port at once, long before it is recorded. */
  readonly onOpenPort?: (addr: string, port: number) => void;
  /** Events after they were recorded: `run.start`, each unit's, `run.finish`. */
  readonly onEvents?: (events: readonly ScanEvent[]) => void;
}

/** Records a scan that is to be made, `pending`. */
export async function createScan(store: Store, scan: NewScan): Promise<Job> {
  if (scan.queue) assertForWorkers(scan.scanType);
  const plan = planScan(scan.config);
  const job = await createJob(store.database, {
    scan_type: scan.scanType,
    config: scan.config,
    coverage: coverageOf(scan.config),
    args: scan.args,
    tool_version: scan.toolVersion,
    seed: scan.config.seed,
    unit_count: plan.unitCount,
    hosts_total: plan.hostCount,
    execution_context: { user: currentUser(), host: hostname(), directory: process.cwd() },
    ...(scan.scanId !== undefined && { scan_id: scan.scanId }),
    ...(scan.runLimitMs !== undefined && { run_limit_ms: scan.runLimitMs }),
    ...(scan.queue && queueColumns(scan.queue)),
    ...scan.origin,
    actor: scan.actor,
  });
  const errors = scan.faults.map((fault): ScanEvent => {
    return { type: 'run.error', run_id: job.id, ...fault, t: Date.now() };
  });
  if (errors.length > 0) await store.record(job.id, eventBatch(errors));
  return job;
}

function queueColumns({ priority, label, maxAttempts, batchSize }: QueueSettings): Partial<NewJob> {
  return {
    is_detached: true,
    ...(priority && { priority: jobPriorities[priority] }),
    ...(label !== undefined && { worker_label: label }),
    ...(maxAttempts !== undefined && { max_attempts: maxAttempts }),
    ...(batchSize !== undefined && { batch_size: batchSize }),
  };
}

/**
 * Runs a pending scan to its end: units that are already completed are left out, each other one is
 * recorded in one transaction when it is done. An abort ends it as cancelled, with all that was
 * found.
 *
 * @returns the job as it ended: completed, cancelled or failed
 * @throws AppError UNSUPPORTED for an imported scan; ILLEGAL_TRANSITION where the scan is no longer
 *   this process's; STORE_FULL and others of the store, after the job was marked failed
 */
export async function runScan(store: Store, id: string, hooks: ScanHooks): Promise<Job> {
  const scanner = await loadScanner(await getJob(store.database, id));
  const job = await takeJob(store, id);
  const config = parseScanConfig(job.config);
  const plan = planScan(config);
  const progress = hooks.progress ?? newProgress();
  const done = await completedUnits(store.database, id);
  skipDone(plan, done, progress);
  using pulse = startHeartbeat(store, job, progress);
  const signal = AbortSignal.any([hooks.signal, pulse.signal]);
  hooks.onEvents?.([startEvent(job)]);
  try {
    const batches = scanner(config, {
      runId: id,
      plan,
      units: unitsLeft(plan, done),
      progress,
      signal,
      ...(hooks.onOpenPort && { onOpenPort: hooks.onOpenPort }),
    });
    await recordScan(store, job, batches, hooks.onEvents);
  } catch (error) {
    await finishJob(store.database, id, {
      status: 'failed',
      attempt: job.attempts,
      error_message: messageOf(error),
    }).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  // The last of what it counted: a short scan has told nothing yet.
  await pulse.beat().catch(() => undefined);
  if (pulse.isOverdue()) return await endOverdue(store.database, job);
  // Ended, paused or taken over by somebody else: how it ended is theirs to say.
  if (pulse.signal.aborted) return await getJob(store.database, id);
  if (hooks.signal.aborted && hooks.leave) {
    await hooks.leave(id);
    return await getJob(store.database, id);
  }
  const finished = await finishJob(store.database, id, {
    status: hooks.signal.aborted ? 'cancelled' : 'completed',
    attempt: job.attempts,
  });
  hooks.onEvents?.([finishEvent(finished)]);
  return finished;
}

/** Of two who take a scan up at once, one gets it; the other hears who. */
async function takeJob(store: Store, id: string): Promise<Job> {
  try {
    return await startJob(store.database, id, currentWorker());
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'ILLEGAL_TRANSITION')) throw error;
    const { status, worker } = await getJob(store.database, id);
    if (status !== 'running') throw error;
    throw alreadyRunning(id, worker);
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

function loadScanner({ id, scan_type: type }: Job): ReturnType<(typeof scanners)[0]['load']> {
  const entry = scanners.find(({ scanType }) => scanType === type);
  if (entry) return entry.load();
  throw new AppError('UNSUPPORTED', `scan ${id} is not Portolan's own (${type}): nothing to run`);
}

/** What a scan set out to look at, in the words of the command line. */
function coverageOf(config: NetworkScanConfig): Record<string, unknown> {
  const { targets, exclude, ports, shard, discovery_only: isDiscovery } = config;
  return { targets, exclude, ...(isDiscovery ? {} : { ports }), ...(shard && { shard }) };
}

async function* unitsLeft(plan: ScanPlan, done: UnitSet): AsyncGenerator<Unit> {
  for (let number = 0; number < plan.unitCount; number++) {
    if (!done.has(number)) yield await Promise.resolve(plan.unit(number));
  }
}

/** Work that an earlier attempt has done counts as done, or time left would be wrong. */
function skipDone(plan: ScanPlan, done: UnitSet, progress: ScanProgress): void {
  const portCount = plan.hostCount === 0 ? 0 : plan.probeCount / plan.hostCount;
  for (const [first, last] of done.ranges) {
    const hosts = plan.unit(last).last - plan.unit(first).first + 1;
    progress.hostsDone += hosts;
    progress.probesDone += hosts * portCount;
  }
}

interface Heartbeat extends Disposable {
  /** Aborted when somebody else ended the job, or took it over. */
  readonly signal: AbortSignal;
  /** Tells the store how far it is. */
  beat(): Promise<void>;
  /** Aborted because the scan ran longer than it may. */
  isOverdue(): boolean;
}

function startHeartbeat(store: Store, job: Job, progress: ScanProgress): Heartbeat {
  const controller = new AbortController();
  let isOverdue = false;
  const beat = async (): Promise<void> => {
    const status = await heartbeat(store.database, job.id, job.attempts, {
      hosts_done: progress.hostsDone,
      hosts_up: progress.hostsUp,
      ports_open: progress.portsOpen,
    });
    if (status !== 'running') controller.abort();
  };
  const timer = setInterval(() => {
    if (job.timeout_at !== null && job.timeout_at < Date.now()) {
      isOverdue = true;
      controller.abort();
    }
    // A beat that is late (the file is locked, the disk slow) is made up for by the next one.
    beat().catch(() => undefined);
  }, heartbeatMs);
  timer.unref();
  return {
    signal: controller.signal,
    beat,
    isOverdue: () => isOverdue,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function startEvent(job: Job): RunStart {
  return {
    type: 'run.start',
    run_id: job.id,
    t: job.started_at ?? Date.now(),
    tool_version: job.tool_version ?? '',
    args: job.args as string[],
    scan_type: job.scan_type,
    config: job.config as RunStart['config'],
    coverage: job.coverage as RunStart['coverage'],
  };
}

function finishEvent(job: Job): RunFinish {
  return {
    type: 'run.finish',
    run_id: job.id,
    t: job.completed_at ?? Date.now(),
    status: job.status === 'cancelled' ? 'cancelled' : 'completed',
    host_count: job.host_count,
    error_count: job.error_count,
    counts: job.counts,
  };
}
