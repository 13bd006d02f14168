import type { Transport } from '../../core/states.ts';
import type { ScanProgress } from '../scanner.ts';
import type { Engine } from './engine.ts';
import { faultBackoff, type FaultBackoff } from './fault-backoff.ts';
import { fifo } from './fifo.ts';
import { type Outcome, outcome } from './outcome.ts';
import type { Pass, PassHost } from './pass.ts';
import { newSlots, type Slots } from './slots.ts';
import { type TokenBucket, tokenBucket } from './token-bucket.ts';

/** Probes that are started before answers are read again. */
const startsATurn = 512;
/** Probes that are started on one reading of the clock. */
const startsAClock = 16;
/**
 * How often in a row a host's ports are probed again where the error says nothing certain: one that
 * passes must not leave a port unknown. It was seen once in some ten million probes.
 */
const doubts = 3;

export interface SchedulerOptions {
  readonly engines: Readonly<Record<Transport, Engine>>;
  /** Probes per second; 0 for no limit. */
  readonly rate: number;
  readonly timeoutMs: number;
  /** The least time between two tries of one port. */
  readonly retryDelayMs: number;
  readonly progress: ScanProgress;
}

interface Delayed {
  readonly pass: Pass;
  readonly index: number;
  readonly dueMs: number;
}

/**
 * Decides which port is probed when, at most as many at once as the TCP engine has slots. It is
 * driven by turns and never waits.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #slots: Slots;
  readonly #bucket: TokenBucket;
  readonly #backoff: FaultBackoff;
  /** Passes that have ports to probe and room for them. */
  readonly #ready = fifo<Pass>();
  /** In order of time, since every try has the same timeout and delay. */
  readonly #delayed = fifo<Delayed>();
  readonly #onOutcome = (slot: number, result: Outcome): void => this.#endProbe(slot, result);
  #nowMs = performance.now();

  constructor(options: SchedulerOptions) {
    const { capacity } = options.engines.tcp;
    this.#options = options;
    this.#slots = newSlots(capacity);
    this.#bucket = tokenBucket(options.rate, this.#nowMs);
    this.#backoff = faultBackoff(capacity);
  }

  /** Makes a pass known, or known again after something about it changed. */
  queue(pass: Pass): void {
    if (pass.isQueued || !pass.hasWork || pass.host.inFlight >= pass.parallelism) return;
    pass.isQueued = true;
    this.#ready.push(pass);
  }

  /** Starts no more probes of a pass; those under way are left to end. */
  closePass(pass: Pass): void {
    pass.isClosed = true;
    this.#finishIfDone(pass);
  }

  /**
   * Reads what arrived, gives up what took too long, and starts what there is room for.
   *
   * @param openHost opens another host and queues its pass; false where there is none or no room
   * @returns how many probes began or ended: 0 means that there is nothing to do now
   */
  turn(openHost: () => boolean): number {
    const { tcp, udp } = this.#options.engines;
    this.#nowMs = performance.now();
    let moved = tcp.poll(this.#onOutcome) + udp.poll(this.#onOutcome);
    moved += this.#expire();
    this.#wakeDelayed();
    return moved + this.#fill(openHost);
  }

  /** Starts probes while there is work, room and allowance. */
  #fill(openHost: () => boolean): number {
    let started = 0;
    while (
      started < startsATurn &&
      this.#slots.inUse < this.#backoff.limit &&
      !this.#backoff.isPaused(this.#nowMs)
    ) {
      if (this.#ready.length === 0 && !openHost()) break;
      const pass = this.#ready.peek();
      if (!pass) continue;
      const isAble = pass.hasWork && pass.host.inFlight < pass.parallelism;
      if (isAble && !this.#bucket.take(this.#nowMs)) break;
      this.#ready.shift();
      pass.isQueued = false;
      const index = isAble ? pass.takePort() : undefined;
      if (index === undefined) {
        this.#finishIfDone(pass);
        continue;
      }
      this.#startProbe(pass, index);
      this.queue(pass);
      started += 1;
      // Thousands of connects take longer than some timeouts: each must count from its own start.
      if (started % startsAClock === 0) this.#nowMs = performance.now();
    }
    return started;
  }

  #startProbe(pass: Pass, index: number): void {
    const { list, host } = pass;
    const { engines, progress } = this.#options;
    const slot = this.#slots.take(pass, index, this.#nowMs);
    pass.inFlight += 1;
    host.inFlight += 1;
    const result = engines[list.transport].start(slot, host.address, list.portAt(index));
    if (result !== outcome.localFault) {
      host.counts.probes_sent += 1;
      progress.probesSent += 1;
      if (pass.retriesOf(index) > 0) {
        host.counts.probes_retried += 1;
        progress.probesRetried += 1;
      }
    }
    if (result !== outcome.pending) this.#endProbe(slot, result);
  }

  /** Gives up what has waited long enough. Comes after the poll: nothing received is given up. */
  #expire(): number {
    const { engines, timeoutMs } = this.#options;
    const limit = this.#nowMs - timeoutMs;
    let count = 0;
    for (;;) {
      const slot = this.#slots.oldest();
      if (slot < 0 || this.#slots.startedAt(slot) > limit) return count;
      engines[this.#slots.passAt(slot).list.transport].cancel(slot);
      this.#endProbe(slot, outcome.noResponse);
      count += 1;
    }
  }

  /** Queues the retries whose time has come. */
  #wakeDelayed(): void {
    for (;;) {
      const head = this.#delayed.peek();
      if (!head || head.dueMs > this.#nowMs) return;
      this.#delayed.shift();
      const { pass, index } = head;
      pass.delayed -= 1;
      if (pass.isClosed) {
        this.#finishIfDone(pass);
      } else {
        pass.retry(index);
        this.queue(pass);
      }
    }
  }

  #endProbe(slot: number, result: Outcome): void {
    const pass = this.#slots.passAt(slot);
    const index = this.#slots.indexAt(slot);
    const startedMs = this.#slots.startedAt(slot);
    const { host } = pass;
    this.#slots.free(slot);
    pass.inFlight -= 1;
    host.inFlight -= 1;
    if (result === outcome.localFault) {
      this.#takeFault(pass, index);
    } else if (result === outcome.unknown) {
      this.#takeUnknown(pass, index);
    } else {
      host.faultsInARow = 0;
      this.#backoff.sent(this.#nowMs);
      if (result === outcome.selfConnect) pass.putBack(index);
      else if (result === outcome.noResponse) this.#takeSilence(pass, index, startedMs);
      else this.#takeAnswer(pass, index, result);
    }
    // The host's current pass may have waited for this place, even where the probe was an older one's.
    if (host.pass) this.queue(host.pass);
    this.#finishIfDone(pass);
  }

  #finishIfDone(pass: Pass): void {
    if (pass.isDone || !pass.isFinished) return;
    pass.isDone = true;
    pass.listener.onEnd();
  }

  #takeAnswer(pass: Pass, index: number, result: Outcome): void {
    const { progress } = this.#options;
    pass.host.counts.probes_answered += 1;
    progress.probesAnswered += 1;
    this.#countFirstTry(pass, index);
    pass.answer(index, result, Date.now());
    pass.listener.onAnswer(index, result);
  }

  #takeSilence(pass: Pass, index: number, startedMs: number): void {
    const { progress, retryDelayMs } = this.#options;
    pass.host.counts.probes_timed_out += 1;
    progress.probesTimedOut += 1;
    this.#countFirstTry(pass, index);
    const dueMs = startedMs + retryDelayMs;
    if (!pass.mayRetry(index)) {
      pass.park(index, Date.now());
    } else if (dueMs <= this.#nowMs) {
      pass.retry(index);
    } else {
      pass.delayed += 1;
      this.#delayed.push({ pass, index, dueMs });
    }
  }

  #countFirstTry(pass: Pass, index: number): void {
    if (pass.retriesOf(index) > 0) return;
    pass.tried += 1;
    if (!pass.isDiscovery) this.#options.progress.probesDone += 1;
  }

  /** An error without a meaning: the port is probed again, unless all of the host's end like this. */
  #takeUnknown(pass: Pass, index: number): void {
    const { host } = pass;
    if (host.faultsInARow < doubts) {
      this.#countFault(host);
      pass.putBack(index);
      return;
    }
    host.faultName = this.#lastFault();
    this.#takeAnswer(pass, index, outcome.unknown);
  }

  /** The probe says nothing about the port: it is put back, and the whole scan slows down. */
  #takeFault(pass: Pass, index: number): void {
    const { host } = pass;
    this.#countFault(host);
    this.#backoff.failed(this.#nowMs, this.#slots.inUse);
    if (this.#backoff.isHopeless(host.faultsInARow, this.#nowMs - host.faultsSinceMs)) {
      host.faultName = this.#lastFault();
      this.#countFirstTry(pass, index);
      pass.answer(index, outcome.unknown, Date.now());
    } else {
      pass.putBack(index);
    }
  }

  #countFault(host: PassHost): void {
    host.counts.local_faults += 1;
    this.#options.progress.localFaults += 1;
    if (host.faultsInARow === 0) host.faultsSinceMs = this.#nowMs;
    host.faultsInARow += 1;
  }

  #lastFault(): string {
    const { tcp, udp } = this.#options.engines;
    return tcp.lastFault() || udp.lastFault();
  }
}
