import type { ScanProgress } from '../scanner.ts';
import type { Engine } from './engine.ts';
import { faultBackoff, type FaultBackoff } from './fault-backoff.ts';
import { type Fifo, fifo } from './fifo.ts';
import type { Host } from './host.ts';
import { type Outcome, outcome } from './outcome.ts';
import {
  hasWork,
  isFinished,
  noteAnswer,
  noteLateAnswer,
  parkPort,
  type Pass,
  retryPort,
  takePort,
} from './pass.ts';
import { newSlots, type Slots } from './slots.ts';
import { type TokenBucket, tokenBucket } from './token-bucket.ts';

/** Probes that are started before answers are looked at again. */
const startsATurn = 512;
/** Probes that are started on one reading of the clock. */
const startsAClock = 16;
/**
 * So often in a row a host's ports are asked again where the error says nothing certain: one that
 * passes is not to leave a port unknown. It was seen once in some ten million probes.
 */
const doubts = 3;

export interface SchedulerOptions {
  readonly tcp: Engine;
  readonly udp: Engine;
  /** Connects at once in all. */
  readonly parallelism: number;
  /** Probes a second; 0 for no limit. */
  readonly rate: number;
  readonly timeoutMs: number;
  readonly retryDelayMs: number;
  readonly progress: ScanProgress;
  /** Opens another host and queues its pass; false where there is none or no room. */
  readonly openHost: () => boolean;
  /** A port that itself answered, or something on the way in its place. */
  readonly onAnswer: (scan: Pass, index: number, result: Outcome) => void;
  /** Nothing is left to do in a pass. */
  readonly onFinished: (scan: Pass) => void;
}

/** Decides which port is asked when. It is driven by turns and never waits by itself. */
export interface Scheduler {
  /** Makes a pass known, or known again after something about it changed. */
  queue(scan: Pass): void;
  /** Asks nothing more in a pass; what is under way is left to end. */
  closePass(scan: Pass): void;
  /**
   * Takes in what arrived, gives up what took too long, and starts what there is room for.
   *
   * @returns how many probes began or ended: 0 means that there is nothing to do now
   */
  turn(): number;
}

interface Delayed {
  readonly scan: Pass;
  readonly index: number;
  readonly dueMs: number;
}

interface State extends SchedulerOptions {
  readonly slots: Slots;
  readonly bucket: TokenBucket;
  readonly backoff: FaultBackoff;
  /** Passes that have ports to ask and room for them. */
  readonly ready: Fifo<Pass>;
  /** In order of time, since every try has the same timeout and delay. */
  readonly delayed: Fifo<Delayed>;
  nowMs: number;
}

/** A scheduler with nothing to do yet. */
export function newScheduler(options: SchedulerOptions): Scheduler {
  const nowMs = performance.now();
  const state: State = {
    ...options,
    slots: newSlots(options.parallelism),
    bucket: tokenBucket(options.rate, nowMs),
    backoff: faultBackoff(options.parallelism),
    ready: fifo(),
    delayed: fifo(),
    nowMs,
  };
  const onOutcome = (slot: number, result: Outcome): void => endProbe(state, slot, result);
  return {
    queue: (scan) => enqueue(state, scan),
    closePass(scan) {
      scan.isClosed = true;
      finishIfDone(state, scan);
    },
    turn() {
      state.nowMs = performance.now();
      let moved = state.tcp.poll(onOutcome) + state.udp.poll(onOutcome);
      moved += expire(state);
      wakeDelayed(state);
      return moved + fill(state);
    },
  };
}

function enqueue(state: State, scan: Pass): void {
  if (scan.isQueued || !hasWork(scan) || scan.host.inFlight >= scan.parallelism) return;
  scan.isQueued = true;
  state.ready.push(scan);
}

/** Starts probes while there is work, room and allowance. */
function fill(state: State): number {
  let started = 0;
  while (
    started < startsATurn &&
    state.slots.inUse < state.backoff.limit &&
    !state.backoff.isPaused(state.nowMs)
  ) {
    if (state.ready.length === 0 && !state.openHost()) break;
    const scan = state.ready.peek();
    if (!scan) continue;
    if (!hasWork(scan) || scan.host.inFlight >= scan.parallelism) {
      state.ready.shift();
      scan.isQueued = false;
      finishIfDone(state, scan);
      continue;
    }
    if (!state.bucket.take(state.nowMs)) break;
    state.ready.shift();
    scan.isQueued = false;
    startProbe(state, scan, takePort(scan)!);
    enqueue(state, scan);
    started += 1;
    // Thousands of connects take longer than some timeouts: each must count from its own start.
    if (started % startsAClock === 0) state.nowMs = performance.now();
  }
  return started;
}

function startProbe(state: State, scan: Pass, index: number): void {
  const { list, host } = scan;
  const engine = list.transport === 'tcp' ? state.tcp : state.udp;
  const slot = state.slots.take(scan, index, state.nowMs);
  scan.inFlight += 1;
  host.inFlight += 1;
  const result = engine.start(slot, host.address, list.portAt(index));
  if (result !== outcome.localFault) {
    host.unit.counts.probes_sent += 1;
    state.progress.probesSent += 1;
    if (scan.tries[index] !== 0) {
      host.unit.counts.probes_retried += 1;
      state.progress.probesRetried += 1;
    }
  }
  if (result !== outcome.pending) endProbe(state, slot, result);
}

/** Gives up what has waited long enough. Stands after the poll: nothing received is given up. */
function expire(state: State): number {
  const limit = state.nowMs - state.timeoutMs;
  let count = 0;
  for (;;) {
    const slot = state.slots.oldest();
    if (slot < 0 || state.slots.startedAt(slot) > limit) return count;
    const scan = state.slots.scanAt(slot);
    (scan.list.transport === 'tcp' ? state.tcp : state.udp).cancel(slot);
    endProbe(state, slot, outcome.noResponse);
    count += 1;
  }
}

/** Retries whose time has come. */
function wakeDelayed(state: State): void {
  for (;;) {
    const head = state.delayed.peek();
    if (!head || head.dueMs > state.nowMs) return;
    state.delayed.shift();
    head.scan.delayed -= 1;
    if (head.scan.isClosed) {
      finishIfDone(state, head.scan);
    } else {
      retryPort(head.scan, head.index);
      enqueue(state, head.scan);
    }
  }
}

function endProbe(state: State, slot: number, result: Outcome): void {
  const scan = state.slots.scanAt(slot);
  const index = state.slots.indexAt(slot);
  const startedMs = state.slots.startedAt(slot);
  state.slots.free(slot);
  scan.inFlight -= 1;
  scan.host.inFlight -= 1;
  if (result === outcome.localFault) {
    takeFault(state, scan, index);
  } else if (result === outcome.unknown) {
    takeUnknown(state, scan, index);
  } else {
    scan.host.faultsInARow = 0;
    state.backoff.sent(state.nowMs);
    if (result === outcome.selfConnect) scan.putBack.push(index);
    else if (result === outcome.noResponse) takeSilence(state, { scan, index, startedMs });
    else takeAnswer(state, { scan, index, result });
  }
  // The host's pass of now may have waited for this place, even where the probe was an older one's.
  enqueue(state, scan.host.scan);
  finishIfDone(state, scan);
}

function finishIfDone(state: State, scan: Pass): void {
  if (scan.isDone || scan.host.scan !== scan || !isFinished(scan)) return;
  scan.isDone = true;
  state.onFinished(scan);
}

function takeAnswer(
  state: State,
  { scan, index, result }: { scan: Pass; index: number; result: Outcome },
): void {
  const { counts } = scan.host.unit;
  counts.probes_answered += 1;
  state.progress.probesAnswered += 1;
  if (scan.tries[index] === 0) countFirstTry(state, scan);
  noteAnswer(scan, index, { result, t: Date.now() });
  const tryNumber = scan.tries[index]!;
  if (tryNumber > 0) noteLateAnswer(scan, tryNumber);
  state.onAnswer(scan, index, result);
}

function takeSilence(
  state: State,
  { scan, index, startedMs }: { scan: Pass; index: number; startedMs: number },
): void {
  scan.host.unit.counts.probes_timed_out += 1;
  state.progress.probesTimedOut += 1;
  const tryNumber = scan.tries[index]!;
  if (tryNumber === 0) countFirstTry(state, scan);
  if (tryNumber >= scan.allowedRetries || scan.isClosed) {
    parkPort(scan, index, Date.now());
    return;
  }
  const dueMs = startedMs + state.retryDelayMs;
  if (dueMs <= state.nowMs) {
    retryPort(scan, index);
    return;
  }
  scan.delayed += 1;
  state.delayed.push({ scan, index, dueMs });
}

function countFirstTry(state: State, scan: Pass): void {
  scan.tried += 1;
  if (!scan.isDiscovery) state.progress.probesDone += 1;
}

/** An error without a meaning: the port is asked again, unless all of the host's are answered so. */
function takeUnknown(state: State, scan: Pass, index: number): void {
  const { host } = scan;
  if (host.faultsInARow < doubts) {
    countFault(state, host);
    scan.putBack.push(index);
    return;
  }
  host.faultName = state.tcp.lastFault || state.udp.lastFault;
  takeAnswer(state, { scan, index, result: outcome.unknown });
}

/** The probe says nothing about the port: it is put back, and all of the scan slows down. */
function takeFault(state: State, scan: Pass, index: number): void {
  const { host } = scan;
  countFault(state, host);
  state.backoff.failed(state.nowMs, state.slots.inUse);
  if (state.backoff.isHopeless(host.faultsInARow, state.nowMs - host.faultsSinceMs)) {
    host.faultName = state.tcp.lastFault || state.udp.lastFault;
    if (scan.tries[index] === 0) countFirstTry(state, scan);
    noteAnswer(scan, index, { result: outcome.unknown, t: Date.now() });
  } else {
    scan.putBack.push(index);
  }
}

function countFault(state: State, host: Host): void {
  host.unit.counts.local_faults += 1;
  state.progress.localFaults += 1;
  if (host.faultsInARow === 0) host.faultsSinceMs = state.nowMs;
  host.faultsInARow += 1;
}
