import type { KernelMemory } from './kernel-memory.ts';
import type { Libc } from './libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLOUT = 0x4;
const EPOLLET = 2 ** 31;

/** A slot's socket of one family. */
export interface PooledSocket {
  readonly descriptor: number;
  readonly family: 4 | 6;
}

/** A non-blocking TCP socket; negative where none can be made. */
export function newSocket(libc: Libc, family: 4 | 6): number {
  const domain = family === 4 ? AF_INET : AF_INET6;
  return libc.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/**
 * The sockets of an engine, reused from probe to probe: one per slot and family, made when first
 * needed and watched by epoll, edge-triggered.
 */
export class SocketPool {
  readonly #libc: Libc;
  readonly #memory: KernelMemory;
  readonly #epoll: number;
  readonly #sockets: Readonly<Record<4 | 6, (PooledSocket | undefined)[]>> = { 4: [], 6: [] };
  readonly #connecting: (PooledSocket | undefined)[] = [];

  constructor(libc: Libc, memory: KernelMemory, epoll: number) {
    this.#libc = libc;
    this.#memory = memory;
    this.#epoll = epoll;
  }

  /** The socket of a slot; undefined where it cannot be made: errno says why. */
  socketOf(slot: number, family: 4 | 6): PooledSocket | undefined {
    return this.#sockets[family][slot] ?? this.#make(slot, family);
  }

  /** The socket whose connect is under way in a slot. */
  connectingIn(slot: number): PooledSocket | undefined {
    return this.#connecting[slot];
  }

  /** Sets or clears the socket whose connect is under way in a slot. */
  setConnecting(slot: number, socket: PooledSocket | undefined): void {
    this.#connecting[slot] = socket;
  }

  close(): void {
    for (const sockets of Object.values(this.#sockets)) {
      for (const socket of sockets) if (socket) this.#libc.close(socket.descriptor);
      sockets.length = 0;
    }
    this.#connecting.length = 0;
  }

  #make(slot: number, family: 4 | 6): PooledSocket | undefined {
    const descriptor = newSocket(this.#libc, family);
    if (descriptor < 0) return undefined;
    this.#memory.writeEvent(EPOLLOUT | EPOLLET, slot);
    const { event } = this.#memory;
    if (this.#libc.epollControl(this.#epoll, EPOLL_CTL_ADD, descriptor, event) < 0) {
      this.#libc.close(descriptor);
      return undefined;
    }
    const socket = { descriptor, family };
    this.#sockets[family][slot] = socket;
    return socket;
  }
}
