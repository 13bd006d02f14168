import type { EngineAddress } from './engine-address.ts';
import { isHostAnswer, isOpen, type Outcome, outcome } from './outcome.ts';
import type { PortList } from './port-list.ts';
import type { UnitCounts } from './unit-counts.ts';

/** Answers that a host may be expected to hide from us through loss. */
const acceptedMisses = 0.001;

/** A host as its passes see it: where it is, and what they share. */
export interface PassHost {
  readonly address: EngineAddress;
  /** Its position in the scan's order: spreads the order of ports over hosts. */
  readonly number: number;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly counts: UnitCounts;
  /** The pass under way. */
  pass: Pass | undefined;
  /** Probes under way, of all its passes. */
  inFlight: number;
  /** Name of the local fault that made this machine give up some of its ports. */
  faultName: string | undefined;
  /** Local faults since the last probe that could be sent. */
  faultsInARow: number;
  /** Since when; monotonic ms. */
  faultsSinceMs: number;
}

/** What is probed in a pass, and how. */
export interface PassSettings {
  readonly list: PortList;
  /** Only asks whether the host is up. */
  readonly isDiscovery: boolean;
  /** Probes at once to the host while this pass is under way. */
  readonly parallelism: number;
  /** The most retries of a silent port. */
  readonly retries: number;
  /** Keeps when each outcome was known, not only when open ports were. */
  readonly withTimes: boolean;
}

/** Called as a pass proceeds. */
export interface PassListener {
  /** The port itself answered, or a device on the way did. */
  readonly onAnswer: (index: number, result: Outcome) => void;
  /** Nothing is left to do. */
  readonly onEnd: () => void;
}

/**
 * One pass over a list of ports of one host: its discovery, or its ports of one transport. Bytes
 * for each port, small numbers for the rest. Ports go by their index in the list.
 */
export class Pass {
  readonly host: PassHost;
  readonly list: PortList;
  readonly isDiscovery: boolean;
  readonly parallelism: number;
  readonly listener: PassListener;
  /** Outcome of each port; `pending` until there is one. */
  readonly outcomes: Uint8Array;
  /** When each outcome was known, ms after the host's start, where the settings keep it. */
  readonly times: Float64Array | undefined;
  /** Open ports in the order found, with the time, epoch ms. */
  readonly open = new Map<number, number>();
  /** Closed ports. */
  refused = 0;
  /** Ports whose first try has ended. */
  tried = 0;
  inFlight = 0;
  /** Retries that wait for their time. */
  delayed = 0;
  /** In the scheduler's queue. */
  isQueued = false;
  /** Nothing more is probed. */
  isClosed = false;
  /** Its end was reported. */
  isDone = false;
  /** How often a silent port is tried again, as far as the host's answers so far advise. */
  allowedRetries: number;
  readonly #mostRetries: number;
  readonly #order: (turn: number) => number;
  readonly #tries: Uint8Array;
  /** Ports that were never tried start here in the order. */
  #turn = 0;
  #retries: number[] = [];
  #retriesTaken = 0;
  /** Ports whose probe this machine could not send. */
  readonly #putBack: number[] = [];
  /** Silent ports whose tries are used up, unless a later try elsewhere succeeds. */
  #parked: number[] = [];
  #answered = 0;
  /** Answers to a second or later try: the measure of loss. */
  #late = 0;
  /** The highest try that was ever answered. */
  #highestTry = 0;

  constructor(host: PassHost, settings: PassSettings, listener: PassListener) {
    const { list, isDiscovery, parallelism, retries, withTimes } = settings;
    this.host = host;
    this.list = list;
    this.isDiscovery = isDiscovery;
    this.parallelism = parallelism;
    this.listener = listener;
    this.outcomes = new Uint8Array(list.size);
    this.times = withTimes ? new Float64Array(list.size) : undefined;
    this.allowedRetries = Math.min(1, retries);
    this.#mostRetries = retries;
    this.#order = list.orderFor(host.number);
    this.#tries = new Uint8Array(list.size);
  }

  /** Whether there is a port to probe now. */
  get hasWork(): boolean {
    return (
      !this.isClosed &&
      (this.#turn < this.list.size ||
        this.#putBack.length > 0 ||
        this.#retries.length > this.#retriesTaken)
    );
  }

  /** Whether nothing is left to probe or to wait for. */
  get isFinished(): boolean {
    return !this.hasWork && this.inFlight === 0 && (this.isClosed || this.delayed === 0);
  }

  /** How often a port was tried again. */
  retriesOf(index: number): number {
    return this.#tries[index] ?? 0;
  }

  /** Whether a silent port gets another try. */
  mayRetry(index: number): boolean {
    return !this.isClosed && this.retriesOf(index) < this.allowedRetries;
  }

  /**
   * The next port to probe: what this machine failed to send, then new ports, then retries, so that
   * the tries of one port are as far apart as possible. Undefined where there is none.
   */
  takePort(): number | undefined {
    const again = this.#putBack.pop();
    if (again !== undefined) return again;
    if (this.#turn < this.list.size) return this.#order(this.#turn++);
    const index = this.#retries[this.#retriesTaken];
    if (index === undefined) return undefined;
    this.#retriesTaken += 1;
    if (this.#retriesTaken === this.#retries.length) {
      this.#retries = [];
      this.#retriesTaken = 0;
    }
    return index;
  }

  /** Puts a port up again whose probe was not sent. */
  putBack(index: number): void {
    this.#putBack.push(index);
  }

  /** Puts a silent port up for its next try. */
  retry(index: number): void {
    this.#tries[index] = this.retriesOf(index) + 1;
    this.#retries.push(index);
  }

  /** Gives a silent port up for now. */
  park(index: number, t: number): void {
    this.#note(index, outcome.noResponse, t);
    this.#parked.push(index);
  }

  /** Notes an answer. */
  answer(index: number, result: Outcome, t: number): void {
    this.#note(index, result, t);
    this.#answered += 1;
    if (isOpen(result)) this.open.set(index, t);
    else if (isHostAnswer(result)) this.refused += 1;
    const tryNumber = this.retriesOf(index);
    if (tryNumber > 0 && result !== outcome.unknown) this.#noteLate(tryNumber);
  }

  #note(index: number, result: Outcome, t: number): void {
    this.outcomes[index] = result;
    if (this.times) this.times[index] = t - this.host.startedAt;
  }

  /**
   * Retries parked ports where a late answer allows more tries. One try more than ever succeeded on
   * this host is nmap's rule; it alone gives up one port in a few thousand at 5% loss, so a host
   * that loses packets gets as many tries as make it unlikely that any of its answers is missed.
   */
  #noteLate(tryNumber: number): void {
    this.#late += 1;
    this.#highestTry = Math.max(this.#highestTry, tryNumber);
    const loss = Math.min(0.5, this.#late / this.#answered);
    const tries = Math.ceil(Math.log(acceptedMisses / this.#answered) / Math.log(loss));
    const allowed = Math.min(this.#mostRetries, Math.max(this.#highestTry + 1, tries - 1));
    if (allowed <= this.allowedRetries) return;
    this.allowedRetries = allowed;
    const parked = this.#parked;
    this.#parked = [];
    for (const index of parked) {
      this.outcomes[index] = outcome.pending;
      this.retry(index);
    }
  }
}
