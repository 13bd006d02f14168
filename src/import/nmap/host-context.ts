import type { Transport } from '../../core/states.ts';

/** The run of a host. */
export interface HostContext {
  readonly runId: string;
  /** Epoch ms: for hosts without times of their own. */
  readonly startedAt: number;
  /** The only transport of a run: older files do not repeat it. */
  readonly transport: Transport;
  /** Counts a part of a kind that has no table. */
  readonly skip: (kind: string) => void;
}

/** Which host an event is about, and when it was seen. */
export interface HostPlace {
  readonly run_id: string;
  readonly addr: string;
  /** Epoch ms. */
  readonly first: number;
  readonly t: number;
}
