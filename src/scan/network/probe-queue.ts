import { messageOf, systemCode } from '../../errors.ts';
import type { ProbeResult } from '../../probe/probe.ts';
import { type Fifo, fifo } from './fifo.ts';
import type { Host } from './host.ts';

/** Asks an open TCP port what it is. Rejects only where the probe itself broke, or was aborted. */
export type ProbePort = (addr: string, port: number, signal: AbortSignal) => Promise<ProbeResult>;

/** Conversations at once in all. */
const conversationsAtOnce = 64;

/** Printers print what they are sent: these ports are never spoken to. */
const printerPorts = { first: 9100, last: 9107 };

/** Talks to open ports beside the scan, a bounded number at once. */
export interface Conversations {
  /** Hosts' worth of waiting conversations. */
  readonly waiting: number;
  readonly running: number;
  /** Queues a conversation with an open port. */
  add(host: Host, port: number): void;
  /** Lets a host's conversations that were held back begin. */
  release(host: Host): void;
  /** Forgets a host's conversations that have not begun. */
  drop(host: Host): void;
  /** Ends with the conversations that are under way. */
  settled(): Promise<void>;
}

export interface ConversationOptions {
  /** Conversations at once with one host. */
  readonly perHost: number;
  readonly probePort: ProbePort;
  readonly signal: AbortSignal;
  /** Whether a host's conversations are to wait: it may be a tarpit. */
  readonly isHeld: (host: Host) => boolean;
  /** A conversation of this host is over, its result noted at the host. */
  readonly onEnded: (host: Host) => void;
}

interface HostQueue {
  readonly ports: Fifo<number>;
  running: number;
}

/** Nothing is said yet. */
export function newConversations(options: ConversationOptions): Conversations {
  const hosts = new Map<Host, HostQueue>();
  const under = new Set<Promise<void>>();
  let waiting = 0;

  const forget = (host: Host, queue: HostQueue): void => {
    if (queue.running === 0 && queue.ports.length === 0) hosts.delete(host);
  };
  const talk = async (host: Host, queue: HostQueue, port: number): Promise<void> => {
    await converse(options, host, port);
    queue.running -= 1;
    host.conversations -= 1;
    forget(host, queue);
    options.onEnded(host);
  };
  const begin = (host: Host, queue: HostQueue): void => {
    const port = queue.ports.shift()!;
    waiting -= 1;
    queue.running += 1;
    const one = talk(host, queue, port).finally(() => {
      under.delete(one);
      beginAll();
    });
    under.add(one);
  };
  const beginAll = (): void => {
    for (const [host, queue] of hosts) {
      if (under.size >= conversationsAtOnce || options.signal.aborted) return;
      while (
        queue.ports.length > 0 &&
        queue.running < options.perHost &&
        under.size < conversationsAtOnce &&
        !options.isHeld(host)
      ) {
        begin(host, queue);
      }
    }
  };

  return {
    get waiting() {
      return waiting;
    },
    get running() {
      return under.size;
    },
    add(host, port) {
      if (port >= printerPorts.first && port <= printerPorts.last) return;
      const queue = hosts.get(host) ?? { ports: fifo<number>(), running: 0 };
      hosts.set(host, queue);
      queue.ports.push(port);
      host.conversations += 1;
      waiting += 1;
      if (under.size < conversationsAtOnce) beginAll();
    },
    release: () => beginAll(),
    drop(host) {
      const queue = hosts.get(host);
      if (!queue) return;
      host.conversations -= queue.ports.length;
      waiting -= queue.ports.length;
      while (queue.ports.shift() !== undefined);
      forget(host, queue);
    },
    settled: async () => {
      await Promise.all(under);
    },
  };
}

/** One conversation; never rejects. */
async function converse(options: ConversationOptions, host: Host, port: number): Promise<void> {
  try {
    const result = await options.probePort(host.address.text, port, options.signal);
    host.said.push({ port, result, t: Date.now() });
  } catch (error) {
    if (options.signal.aborted) return;
    const code = systemCode(error) ?? 'PROBE_FAILED';
    host.broken.push({ port, code, message: messageOf(error), t: Date.now() });
  }
}
