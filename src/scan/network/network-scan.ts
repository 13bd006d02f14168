import type { ScanEvent } from '../../core/events.ts';
import type { ScanPlan } from '../../core/plan.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import type { ScanContext } from '../scanner.ts';
import type { Conversations, ProbePort } from './probe-queue.ts';
import type { Engine } from './engine.ts';
import type { PortList } from './port-list.ts';
import type { Scheduler } from './scheduler.ts';
import type { UnitQueue } from './unit-queue.ts';
import type { OpenUnit } from './units.ts';

/** What a network scan is handed beside its configuration. */
export interface NetworkScanContext extends ScanContext {
  /** Asks an open TCP port what it is; without it, ports are only found. */
  readonly probePort?: ProbePort | undefined;
}

/** A network scan under way. */
export interface NetworkScan {
  readonly config: NetworkScanConfig;
  readonly context: NetworkScanContext;
  readonly plan: ScanPlan;
  readonly lists: { tcp: PortList; udp: PortList; discovery: PortList };
  readonly named: ReadonlySet<string>;
  readonly units: UnitQueue;
  readonly engines: { tcp: Engine; udp: Engine };
  readonly open: Set<OpenUnit>;
  readonly finished: (readonly ScanEvent[])[];
  scheduler: Scheduler;
  conversations: Conversations | undefined;
  /** The unit that hosts are opened from. */
  current: OpenUnit | undefined;
  hostCount: number;
  isStopped: boolean;
  sweptAtMs: number;
  /** Wakes whoever waits for a unit. */
  wake: () => void;
}
