import type { ScanEvent } from '../core/events.ts';
import type { ScanPlan, Unit } from '../core/plan.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';

const zeroes = {
  /** Addresses that are done. */
  hostsDone: 0,
  hostsUp: 0,
  portsOpen: 0,
  /** First tries done (answered, given up, or spared because the host is down). */
  probesDone: 0,
  /** All packets' worth of work: first tries and retries. */
  probesSent: 0,
  probesAnswered: 0,
  probesTimedOut: 0,
  probesRetried: 0,
  /** Connects that this machine could not start (descriptors, ports, memory), put back. */
  localFaults: 0,
  errors: 0,
};

/** Numbers of a running scan, cumulative; the caller may read them at any time. */
export type ScanProgress = typeof zeroes & {
  /** What another scanner's program reports that it is doing. */
  task?: string;
};

/** Zeroes. */
export function newProgress(): ScanProgress {
  return { ...zeroes };
}

/** What a scanner gets beside its configuration. */
export interface ScanContext {
  /** The job's id: the `run_id` of every event. */
  readonly runId: string;
  /** What the configuration comes to. */
  readonly plan: ScanPlan;
  /** The units that are still to do, in order; they are leased as they are taken. */
  readonly units: AsyncIterable<Unit>;
  readonly progress: ScanProgress;
  /** Ends the scan: it stops connecting, yields what it found as partial units, and returns. */
  readonly signal: AbortSignal;
  /** Called with every open port as it is found, long before its unit's events are yielded. */
  readonly onOpenPort?: (addr: string, port: number) => void;
}

/**
 * A scanner turns units into events. For each unit it yields one batch: the unit's events in the
 * order hosts, ports, what probes found, errors; its last event is the unit's `run.unit`. It
 * never yields `run.start` or `run.finish`, knows no store, and does not throw for what a target
 * does.
 */
export type Scanner = (
  config: NetworkScanConfig,
  context: ScanContext,
) => AsyncIterable<readonly ScanEvent[]>;
