import { hostname } from 'node:os';
import { currentUser } from '../core/current-user.ts';
import { eventBatch } from '../core/event-batch.ts';
import type { ScanEvent } from '../core/events.ts';
import { type JobPriority, jobPriorities } from '../core/job-priority.ts';
import { planScan } from '../core/plan.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import type { TargetFault } from '../scan/resolve-targets.ts';
import { assertForWorkers, scanTypeOf } from '../scan/scanners.ts';
import type { Actor } from '../store/setup/actor.ts';
import { planCoverage } from '../store/scans/coverage.ts';
import { createJob, type NewJob } from '../store/scans/create-job.ts';
import type { PlannedScan } from '../store/scans/planned-scan.ts';
import type { Store } from '../store/store.ts';

/** A scan that is to be created. */
export interface NewScan {
  /** One of `scanners`; what the configuration tells by default. */
  readonly scanType?: string;
  readonly config: NetworkScanConfig;
  /** The words of the command line. */
  readonly args: readonly string[];
  readonly toolVersion: string;
  /** Targets that cannot be scanned, recorded as errors. */
  readonly faults: readonly TargetFault[];
  /** A name for it. */
  readonly scanId?: string | undefined;
  /** How long it may run, ms. */
  readonly runLimitMs?: number | undefined;
  /** How it is queued, where workers are to run it. */
  readonly queue?: QueueSettings | undefined;
  /** The names of what it was created from. */
  readonly origin?: {
    readonly target?: string | undefined;
    readonly profile?: string | undefined;
    readonly schedule?: string | undefined;
  };
  /** Who creates it, where that is not the user of this process. */
  readonly actor?: Actor | undefined;
}

/** How a scan is queued for workers. */
export interface QueueSettings {
  readonly priority?: JobPriority | undefined;
  /** Only workers with this label run it. */
  readonly label?: string | undefined;
  readonly maxAttempts?: number | undefined;
  /** The most units that a worker leases at once. */
  readonly batchSize?: number | undefined;
}

/** Records a new scan, `pending`. */
export async function createScan(store: Store, scan: NewScan): Promise<PlannedScan> {
  const scanType = scan.scanType ?? scanTypeOf(scan.config);
  if (scan.queue) assertForWorkers(scanType);
  const plan = planScan(scan.config);
  const job = await createJob(store.database, {
    scan_type: scanType,
    config: scan.config,
    coverage: coverageOf(scan.config),
    args: scan.args,
    tool_version: scan.toolVersion,
    seed: scan.config.seed,
    unit_count: plan.unitCount,
    hosts_total: plan.hostCount,
    execution_context: { user: currentUser(), host: hostname(), directory: process.cwd() },
    scan_id: scan.scanId,
    run_limit_ms: scan.runLimitMs,
    ...(scan.queue && queueColumns(scan.queue)),
    ...scan.origin,
    actor: scan.actor,
  });
  const errors = scan.faults.map((fault): ScanEvent => {
    return { type: 'run.error', run_id: job.id, ...fault, t: Date.now() };
  });
  if (errors.length > 0) await store.record(job.id, eventBatch(errors));
  const { config } = scan;
  return { job, config, plan, coverage: planCoverage(config, plan) };
}

function queueColumns({ priority, label, maxAttempts, batchSize }: QueueSettings): Partial<NewJob> {
  return {
    is_detached: true,
    priority: priority && jobPriorities[priority],
    worker_label: label,
    max_attempts: maxAttempts,
    batch_size: batchSize,
  };
}

/** What a scan is to cover, in the words of the command line. */
function coverageOf(config: NetworkScanConfig): Record<string, unknown> {
  const { targets, exclude, ports, shard, discovery_only: isDiscovery } = config;
  return { targets, exclude, ...(isDiscovery ? {} : { ports }), ...(shard && { shard }) };
}
