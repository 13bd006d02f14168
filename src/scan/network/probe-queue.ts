import { isPrinterPort } from '../../probe/printer-ports.ts';
import type { ProbePort } from '../../probe/probe.ts';
import { messageOf, systemCode } from '../../errors.ts';
import { type Fifo, fifo } from './fifo.ts';
import { type Host, isSuspect, type PortFinding } from './host.ts';

/** Probes at once in all. */
const probesAtOnce = 64;

export interface ProbeQueueOptions {
  /** Probes at once to one host. */
  readonly perHost: number;
  readonly probePort: ProbePort;
  readonly signal: AbortSignal;
  /** A probe of this host has ended, its finding noted at the host. */
  readonly onEnd: (host: Host) => void;
}

interface HostQueue {
  readonly ports: Fifo<number>;
  running: number;
}

/**
 * Probes open ports beside the scan, a bounded number at once. Those of a host that looks like a
 * tarpit wait until its pass has ended.
 */
export class ProbeQueue {
  readonly #options: ProbeQueueOptions;
  readonly #hosts = new Map<Host, HostQueue>();
  readonly #running = new Set<Promise<void>>();
  #waiting = 0;

  constructor(options: ProbeQueueOptions) {
    this.#options = options;
  }

  /** Probes that have not begun, of all hosts. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Queues an open port. Printers print what they are sent, so they are left alone. */
  add(host: Host, port: number): void {
    if (isPrinterPort(port)) return;
    const queue = this.#hosts.get(host) ?? { ports: fifo<number>(), running: 0 };
    this.#hosts.set(host, queue);
    queue.ports.push(port);
    host.probes += 1;
    this.#waiting += 1;
    this.#fill();
  }

  /** Begins the probes of a host that were held back, or forgets them where it is a tarpit. */
  release(host: Host): void {
    const queue = this.#hosts.get(host);
    if (!queue) return;
    if (isSuspect(host)) {
      host.probes -= queue.ports.length;
      this.#waiting -= queue.ports.length;
      while (queue.ports.shift() !== undefined);
      this.#forget(host, queue);
    }
    this.#fill();
  }

  /** Resolves when the probes that are running have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #fill(): void {
    const { perHost, signal } = this.#options;
    for (const [host, queue] of this.#hosts) {
      while (queue.running < perHost && queue.ports.length > 0 && !isSuspect(host)) {
        if (this.#running.size >= probesAtOnce || signal.aborted) return;
        this.#begin(host, queue);
      }
    }
  }

  #begin(host: Host, queue: HostQueue): void {
    const port = queue.ports.shift();
    if (port === undefined) return;
    this.#waiting -= 1;
    queue.running += 1;
    const running = this.#probe(host, port).finally(() => {
      this.#running.delete(running);
      queue.running -= 1;
      host.probes -= 1;
      this.#forget(host, queue);
      this.#options.onEnd(host);
      this.#fill();
    });
    this.#running.add(running);
  }

  /** Probes one port; never rejects. */
  async #probe(host: Host, port: number): Promise<void> {
    const { probePort, signal } = this.#options;
    let found: Omit<PortFinding, 'port' | 't'>;
    try {
      found = await probePort(host.address.text, port, signal);
    } catch (error) {
      if (signal.aborted) return;
      const fault = { code: systemCode(error) ?? 'PROBE_FAILED', message: messageOf(error) };
      found = { banners: [], endpoints: [], faults: [fault] };
    }
    host.findings.push({ ...found, port, t: Date.now() });
  }

  #forget(host: Host, queue: HostQueue): void {
    if (queue.running === 0 && queue.ports.length === 0) this.#hosts.delete(host);
  }
}
