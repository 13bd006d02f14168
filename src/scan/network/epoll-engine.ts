import type { Engine, OnOutcome } from './engine.ts';
import { addressLength, eventsAtOnce, KernelMemory } from './kernel-memory.ts';
import type { Libc } from './libc.ts';
import { LoopbackSockets } from './loopback-sockets.ts';
import { outcome } from './outcome.ts';
import { OutcomeReader } from './outcome-reader.ts';
import { SocketPool } from './socket-pool.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLLERR = 0x8;

/**
 * Connects through the C library: non-blocking connect and epoll. An event only says where to
 * look; what happened is what the reader asks the kernel.
 */
export function epollEngine(libc: Libc, capacity: number): Engine {
  const epoll = libc.epollCreate(EPOLL_CLOEXEC);
  const memory = new KernelMemory(libc, capacity);
  const reader = new OutcomeReader(libc, memory);
  const pool = new SocketPool(libc, memory, epoll);
  const loopback = new LoopbackSockets(libc, memory, reader);
  const parts = { memory, reader, pool };
  return {
    capacity,
    lastFault: () => reader.lastFault,
    start(slot, address, port) {
      const pointer = memory.address(slot);
      memory.writeAddress(pointer, address, port);
      const known = address.isLoopback ? loopback.connect(slot, address.family) : undefined;
      if (known !== undefined) return known;
      const socket = pool.socketOf(slot, address.family);
      if (!socket) return reader.failure();
      const isConnected =
        libc.connect(socket.descriptor, pointer, addressLength[socket.family]) === 0;
      const result = isConnected ? reader.read(slot, socket) : reader.failure();
      if (result === outcome.pending) pool.setConnecting(slot, socket);
      return result;
    },
    poll(onOutcome) {
      let handed = 0;
      let count: number;
      do {
        count = libc.epollWait(epoll, memory.events, eventsAtOnce, 0);
        for (let i = 0; i < count; i++) handed += handOut(i, parts, onOutcome);
      } while (count === eventsAtOnce);
      return handed;
    },
    cancel(slot) {
      const socket = pool.connectingIn(slot);
      if (!socket) return;
      reader.reset(socket.descriptor);
      pool.setConnecting(slot, undefined);
    },
    close() {
      for (let slot = 0; slot < capacity; slot++) this.cancel(slot);
      pool.close();
      loopback.close();
      libc.close(epoll);
    },
  };
}

/** Hands out what became of the probe that an event is about; returns 0 where it is not over. */
function handOut(
  event: number,
  { memory, reader, pool }: { memory: KernelMemory; reader: OutcomeReader; pool: SocketPool },
  onOutcome: OnOutcome,
): number {
  const slot = memory.eventSlot(event);
  const socket = pool.connectingIn(slot);
  if (!socket) return 0;
  const isError = (memory.eventFlags(event) & EPOLLERR) !== 0;
  let result = reader.read(slot, socket);
  if (result === outcome.pending && isError) result = reader.readPending(socket);
  if (result === outcome.pending) return 0;
  pool.setConnecting(slot, undefined);
  onOutcome(slot, result);
  return 1;
}
