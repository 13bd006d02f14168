import { type Fifo, fifo } from './fifo.ts';
import type { Host } from './host.ts';
import { isHostAnswer, isOpen, type Outcome, outcome } from './outcome.ts';
import type { PortList } from './port-list.ts';

/**
 * One pass over a list of ports of one host: its discovery, or the scan proper. Bytes for each
 * port, small numbers for the rest.
 */
export interface PortScan {
  readonly host: Host;
  readonly list: PortList;
  /** A pass that only asks whether the host is there. */
  readonly isDiscovery: boolean;
  /** Probes at once to the host while this pass is under way. */
  readonly parallelism: number;
  readonly order: (turn: number) => number;
  /** Outcome of each port; `pending` until there is one. */
  readonly outcomes: Uint8Array;
  /** How often each port was tried, less one. */
  readonly tries: Uint8Array;
  /** When each outcome was known, ms after the host's start; kept only where all are recorded. */
  readonly times: Float64Array | undefined;
  /** Ports that were never tried start here in the order. */
  nextTurn: number;
  /** Silent ports that may be tried again now. */
  readonly retries: Fifo<number>;
  /** Probes that this machine could not send. */
  readonly putBack: number[];
  /** Silent ports whose tries are used up, unless a later try elsewhere succeeds. */
  parked: number[];
  /** The highest try that was ever answered on this host. */
  highestTry: number;
  inFlight: number;
  /** Retries that wait for their time. */
  delayed: number;
  /** Indices of open ports, in the order found. */
  readonly open: number[];
  readonly openedAt: number[];
  /** Ports with an answer of any kind. */
  answered: number;
  refused: number;
  /** Ports that were tried at least once to the end. */
  tried: number;
  /** In the scheduler's queue. */
  isQueued: boolean;
  /** Nothing more is asked. */
  isClosed: boolean;
  /** Its end was told. */
  isDone: boolean;
}

/** A pass that has not begun. */
export function newPortScan(
  host: Host,
  list: PortList,
  options: {
    readonly isDiscovery: boolean;
    readonly parallelism: number;
    readonly withTimes: boolean;
  },
): PortScan {
  return {
    host,
    list,
    isDiscovery: options.isDiscovery,
    parallelism: options.parallelism,
    order: list.orderFor(host.number),
    outcomes: new Uint8Array(list.size),
    tries: new Uint8Array(list.size),
    times: options.withTimes ? new Float64Array(list.size) : undefined,
    nextTurn: 0,
    retries: fifo(),
    putBack: [],
    parked: [],
    highestTry: 0,
    inFlight: 0,
    delayed: 0,
    open: [],
    openedAt: [],
    answered: 0,
    refused: 0,
    tried: 0,
    isQueued: false,
    isClosed: false,
    isDone: false,
  };
}

/** Whether there is a port to ask now. */
export function hasWork(scan: PortScan): boolean {
  return (
    !scan.isClosed &&
    (scan.nextTurn < scan.list.size || scan.putBack.length > 0 || scan.retries.length > 0)
  );
}

/** Whether nothing is left to ask or to wait for. */
export function isFinished(scan: PortScan): boolean {
  return !hasWork(scan) && scan.inFlight === 0 && (scan.isClosed || scan.delayed === 0);
}

/**
 * The next port to ask: what this machine failed to send, then new ports, then retries, so that
 * the tries of one port stand as far apart as possible. Undefined where there is none.
 */
export function takePort(scan: PortScan): number | undefined {
  const again = scan.putBack.pop();
  if (again !== undefined) return again;
  if (scan.nextTurn < scan.list.size) return scan.order(scan.nextTurn++);
  return scan.retries.shift();
}

/** Notes an answer. Silent ports that were given up are taken up again where it allows more tries. */
export function noteAnswer(
  scan: PortScan,
  index: number,
  answer: { readonly result: Outcome; readonly t: number },
): void {
  const { result, t } = answer;
  if (scan.tries[index] === 0) scan.tried += 1;
  scan.outcomes[index] = result;
  if (scan.times) scan.times[index] = t - scan.host.startedAt;
  scan.answered += 1;
  if (isOpen(result)) {
    scan.open.push(index);
    scan.openedAt.push(t);
  } else if (isHostAnswer(result)) {
    scan.refused += 1;
  }
}

/**
 * Raises the allowance of tries where the answer came to a higher try than any before, and takes
 * parked ports up again. The rule is nmap's: one try more than ever succeeded on this host.
 */
export function raiseAllowance(scan: PortScan, tryNumber: number, retries: number): void {
  if (tryNumber <= scan.highestTry) return;
  scan.highestTry = tryNumber;
  const allowed = allowedRetries(scan, retries);
  const parked = scan.parked;
  scan.parked = [];
  for (const index of parked) {
    if (scan.tries[index]! < allowed) {
      scan.outcomes[index] = outcome.pending;
      retryPort(scan, index);
    } else {
      scan.parked.push(index);
    }
  }
}

/** How often a silent port is tried again on this host, as far as is known. */
export function allowedRetries(scan: PortScan, retries: number): number {
  return Math.min(retries, scan.highestTry + 1);
}

/** Puts a silent port up for its next try. */
export function retryPort(scan: PortScan, index: number): void {
  scan.tries[index]! += 1;
  scan.retries.push(index);
}

/** Gives a silent port up for now. */
export function parkPort(scan: PortScan, index: number, t: number): void {
  scan.outcomes[index] = outcome.noResponse;
  if (scan.times) scan.times[index] = t - scan.host.startedAt;
  scan.parked.push(index);
}
