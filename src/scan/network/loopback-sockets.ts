import { type EngineAddress, engineAddress } from './engine-address.ts';
import { addressLength, type KernelMemory } from './kernel-memory.ts';
import type { Libc } from './libc.ts';
import { type Outcome, outcome } from './outcome.ts';
import type { OutcomeReader } from './outcome-reader.ts';
import { newSocket, type PooledSocket } from './socket-pool.ts';

const ownAddresses: Readonly<Record<4 | 6, EngineAddress>> = {
  4: engineAddress('127.0.0.1'),
  6: engineAddress('::1'),
};

/**
 * One socket per family for loopback. Loopback answers while connect() itself still runs, so a
 * second connect() already tells how the first one ended: two calls per port, none of them epoll's.
 */
export class LoopbackSockets {
  readonly #libc: Libc;
  readonly #memory: KernelMemory;
  readonly #reader: OutcomeReader;
  readonly #sockets = new Map<4 | 6, PooledSocket>();

  constructor(libc: Libc, memory: KernelMemory, reader: OutcomeReader) {
    this.#libc = libc;
    this.#memory = memory;
    this.#reader = reader;
  }

  /**
   * Connects to the address of a slot. Undefined where there is no answer yet, as where this
   * machine drops its own packets: then the probe has to wait in a slot like any other.
   */
  connect(slot: number, family: 4 | 6): Outcome | undefined {
    const socket = this.#sockets.get(family) ?? this.#make(family);
    if (!socket) return this.#reader.failure();
    const { descriptor } = socket;
    const address = this.#memory.address(slot);
    const length = addressLength[family];
    // What keeps the first one from beginning (no port is free) keeps the second one too.
    if (
      this.#libc.connect(descriptor, address, length) < 0 &&
      this.#libc.connect(descriptor, address, length) < 0
    ) {
      const result = this.#reader.failure();
      if (result !== outcome.pending) return result;
      this.#reader.reset(descriptor);
      return undefined;
    }
    if (this.#reader.isSelfConnected(slot, socket)) {
      // The probed port is the socket's own: another socket will have another.
      this.#libc.close(descriptor);
      this.#sockets.delete(family);
      return outcome.selfConnect;
    }
    this.#reader.reset(descriptor);
    return outcome.open;
  }

  close(): void {
    for (const { descriptor } of this.#sockets.values()) this.#libc.close(descriptor);
    this.#sockets.clear();
  }

  /**
   * A socket with a port of its own: the kernel need not look for a free one at each connect, which
   * is a tenth of what a refused connect costs. The port is found by one socket and bound by its
   * number to another, or the kernel would take it back when a connect fails. A socket that gets
   * none works too.
   */
  #make(family: 4 | 6): PooledSocket | undefined {
    const finder = newSocket(this.#libc, family);
    if (finder < 0) return undefined;
    const { name, length } = this.#memory;
    this.#memory.writeAddress(name, ownAddresses[family], 0);
    this.#memory.writeLength(addressLength[family]);
    this.#libc.bind(finder, name, addressLength[family]);
    this.#libc.getsockname(finder, name, length);
    this.#libc.close(finder);
    const descriptor = newSocket(this.#libc, family);
    if (descriptor < 0) return undefined;
    this.#libc.bind(descriptor, name, addressLength[family]);
    const socket = { descriptor, family };
    this.#sockets.set(family, socket);
    return socket;
  }
}
