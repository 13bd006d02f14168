import type { Transport } from '../core/states.ts';

/** A listening socket of this machine: TCP in state LISTEN, or UDP without a peer. */
export interface Listener {
  readonly transport: Transport;
  /** The address that it is bound to, canonical; `0.0.0.0` and `::` for all. */
  readonly address: string;
  readonly port: number;
  /** Its owner; undefined where the system does not say. */
  readonly uid?: number | undefined;
  /** The kernel's number of the socket (Linux): another socket on the same port has another. */
  readonly inode?: string | undefined;
  /**
   * The processes that hold it, ascending: several after a fork, none where the system hides
   * them (another user's).
   */
  readonly pids: readonly number[];
}

/** Which of a machine's listeners are wanted. */
export interface ListenerQuery {
  /** Only these ports; all by default. Few ports are cheaper. */
  readonly ports?: ReadonlySet<number>;
  /** Do not look for the processes: `pids` stays empty. */
  readonly withoutProcesses?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Identifies a process. A pid alone is reused after the process ends; with its start time and the
 * boot that it ran in, it is unique.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own unit and form; equal texts, same process. */
  readonly startTime: string;
  /** The boot of the machine, and the pid namespace that the pid counts in. */
  readonly bootId: string;
  readonly uid: number | undefined;
}

/** A running process. */
export interface RunningProcess extends ProcessIdentity {
  readonly parentPid: number;
  readonly sessionId: number | undefined;
  /** The short name: `node`. */
  readonly name: string;
  /** The whole command line; the name where the system hides it. */
  readonly command: string;
}
