import type { Host } from './host.ts';
import { isHostAnswer, isOpen, type Outcome, outcome } from './outcome.ts';
import type { PortList } from './port-list.ts';

/** Answers that a host may be expected to hide from us through loss. */
const acceptedMisses = 0.001;

/**
 * One pass over a list of ports of one host: its discovery, or the scan proper. Bytes for each
 * port, small numbers for the rest.
 */
export interface Pass {
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
  retries: number[];
  /** How many of them were taken already. */
  retriesTaken: number;
  /** Probes that this machine could not send. */
  readonly putBack: number[];
  /** Silent ports whose tries are used up, unless a later try elsewhere succeeds. */
  parked: number[];
  /** How often a silent port is tried again, as far as the host's answers so far advise. */
  allowedRetries: number;
  /** The most retries that the user allows. */
  readonly mostRetries: number;
  /** The highest try that was ever answered. */
  highestTry: number;
  /** Answers that came to a second or later try: the measure of loss. */
  late: number;
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
    readonly retries: number;
    readonly withTimes: boolean;
  },
): Pass {
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
    retries: [],
    retriesTaken: 0,
    putBack: [],
    parked: [],
    allowedRetries: Math.min(1, options.retries),
    mostRetries: options.retries,
    highestTry: 0,
    late: 0,
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
export function hasWork(scan: Pass): boolean {
  return (
    !scan.isClosed &&
    (scan.nextTurn < scan.list.size ||
      scan.putBack.length > 0 ||
      scan.retries.length > scan.retriesTaken)
  );
}

/** Whether nothing is left to ask or to wait for. */
export function isFinished(scan: Pass): boolean {
  return !hasWork(scan) && scan.inFlight === 0 && (scan.isClosed || scan.delayed === 0);
}

/**
 * The next port to ask: what this machine failed to send, then new ports, then retries, so that
 * the tries of one port stand as far apart as possible. Undefined where there is none.
 */
export function takePort(scan: Pass): number | undefined {
  const again = scan.putBack.pop();
  if (again !== undefined) return again;
  if (scan.nextTurn < scan.list.size) return scan.order(scan.nextTurn++);
  const index = scan.retries[scan.retriesTaken];
  if (index === undefined) return undefined;
  scan.retriesTaken += 1;
  if (scan.retriesTaken === scan.retries.length) {
    scan.retries = [];
    scan.retriesTaken = 0;
  }
  return index;
}

/** Notes an answer. Silent ports that were given up are taken up again where it allows more tries. */
export function noteAnswer(
  scan: Pass,
  index: number,
  answer: { readonly result: Outcome; readonly t: number },
): void {
  const { result, t } = answer;
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
 * Takes account of an answer that came late, and takes silent ports up again where it allows more
 * tries. One try more than ever succeeded on this host is nmap's rule; it alone gives up one port
 * in a few thousand at 5% loss, so a host that loses packets gets as many tries as make it unlikely
 * that any of its answers is missed.
 */
export function noteLateAnswer(scan: Pass, tryNumber: number): void {
  scan.late += 1;
  scan.highestTry = Math.max(scan.highestTry, tryNumber);
  const loss = Math.min(0.5, scan.late / scan.answered);
  const tries = Math.ceil(Math.log(acceptedMisses / scan.answered) / Math.log(loss));
  const allowed = Math.min(scan.mostRetries, Math.max(scan.highestTry + 1, tries - 1));
  if (allowed <= scan.allowedRetries) return;
  scan.allowedRetries = allowed;
  const parked = scan.parked;
  scan.parked = [];
  for (const index of parked) {
    scan.outcomes[index] = outcome.pending;
    retryPort(scan, index);
  }
}

/** Puts a silent port up for its next try. */
export function retryPort(scan: Pass, index: number): void {
  scan.tries[index]! += 1;
  scan.retries.push(index);
}

/** Gives a silent port up for now. */
export function parkPort(scan: Pass, index: number, t: number): void {
  scan.outcomes[index] = outcome.noResponse;
  if (scan.times) scan.times[index] = t - scan.host.startedAt;
  scan.parked.push(index);
}
