import { messageOf, systemCode } from '../errors.ts';
import { byteStore } from './byte-store.ts';
import type { ProbeLimits } from './limits.ts';
import type { ProbeFault, ProbeTarget } from './probe.ts';
import { type Ending, type Progress, Wire } from './wire.ts';

export interface Answer {
  readonly bytes: Buffer;
  readonly ending: Ending;
}

/**
 * The probe of one port: makes connections while any are left and time is not over, keeps the
 * faults, and closes everything in the end.
 */
export class PortSession implements Disposable {
  readonly target: ProbeTarget;
  readonly limits: ProbeLimits;
  readonly signal: AbortSignal;
  readonly faults: ProbeFault[] = [];
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #wires = new Set<Wire>();
  readonly #onAbort = () => this.#stop.abort();
  readonly #ends: (() => void)[] = [];
  #connections = 0;
  #refusals = 0;

  constructor(target: ProbeTarget, limits: ProbeLimits) {
    this.target = target;
    this.limits = limits;
    this.signal = this.#stop.signal;
    this.#timer = setTimeout(() => this.#stop.abort(), limits.totalMs);
    if (target.signal.aborted) this.#stop.abort();
    target.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** No time, no connection left, or a port that no longer accepts any. */
  get isOver(): boolean {
    return (
      this.signal.aborted || this.#refusals > 1 || this.#connections >= this.limits.maxConnections
    );
  }

  /** A new connection; undefined where none can be made, which is then a fault. */
  async open(): Promise<Wire | undefined> {
    if (this.isOver) return undefined;
    this.#connections++;
    // Not stepSignal: it would end a socket that keeps its signal long after it is connected.
    const limit = new AbortController();
    const onAbort = () => limit.abort();
    const timer = setTimeout(onAbort, this.limits.stepMs);
    this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const socket = await this.target.connect(limit.signal);
      const wire = this.hold(socket);
      // The caller may have given up while the connection was made.
      if (this.signal.aborted) wire.close();
      return wire;
    } catch (error) {
      this.#refusals++;
      if (!this.signal.aborted) this.failed(error, 'a further connection failed');
      return undefined;
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Aborts when a step that begins now has taken too long, or the session ends. */
  stepSignal(): AbortSignal {
    return AbortSignal.any([this.signal, AbortSignal.timeout(this.limits.stepMs)]);
  }

  /** Remembers a stream, so that it is closed with the session. */
  hold(stream: Wire['stream']): Wire {
    const wire = new Wire(stream);
    this.#wires.add(wire);
    stream.once('close', () => this.#wires.delete(wire));
    return wire;
  }

  /** Calls back before the connections are closed. */
  atEnd(end: () => void): void {
    this.#ends.push(end);
  }

  /** Reads one answer of unknown form and length. */
  async answer(wire: Wire, timeoutMs = this.limits.stepMs): Promise<Answer> {
    const store = byteStore(this.limits.maxAnswerBytes);
    const take = (chunk: Buffer): Progress => (store.add(chunk) ? 'settling' : 'done');
    const ending = await this.receive(wire, take, timeoutMs);
    return { bytes: store.bytes(), ending };
  }

  receive(
    wire: Wire,
    take: (chunk: Buffer) => Progress,
    timeoutMs = this.limits.stepMs,
  ): Promise<Ending> {
    return wire.receive(take, { timeoutMs, quietMs: this.limits.quietMs, signal: this.signal });
  }

  /** Keeps a fault, once for each code and message. What an abort breaks is not a fault. */
  fault(code: string, message: string): void {
    if (this.target.signal.aborted) return;
    if (!this.faults.some((one) => one.code === code && one.message === message)) {
      this.faults.push({ code, message });
    }
  }

  /** Keeps an error as a fault. */
  failed(error: unknown, doing: string): void {
    const isTimeout = error instanceof Error && error.name === 'AbortError';
    const code = isTimeout ? 'ETIMEDOUT' : (systemCode(error) ?? 'PROBE_FAILED');
    this.fault(code, `${doing}: ${isTimeout ? 'no answer in time' : messageOf(error)}`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.target.signal.removeEventListener('abort', this.#onAbort);
    for (const end of this.#ends) end();
    // What was made last first: TLS before the connection that it runs on.
    for (const wire of [...this.#wires].reverse()) wire.close();
  }
}
