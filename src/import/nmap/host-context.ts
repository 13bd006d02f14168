import type { Transport } from '../../core/states.ts';

/** The run of a host. */
export interface HostContext {
  readonly runId: string;
  /** Epoch ms, for hosts without times. */
  readonly startedAt: number;
  /** The only transport of a run; older files do not repeat it. */
  readonly transport: Transport;
  /** Counts a part without a table. */
  readonly skip: (kind: string) => void;
}

/** An event's host and time. */
export interface HostPlace {
  readonly run_id: string;
  readonly addr: string;
  /** Epoch ms. */
  readonly first: number;
  readonly t: number;
}
