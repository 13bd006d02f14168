import { systemCode } from '../../errors.ts';
import type { Transport } from '../../core/states.ts';
import type { Engine } from './engine.ts';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';

/**
 * The slots of an engine whose probes are sockets of Node.js: outcomes that its events bring wait
 * here until they are polled.
 */
export interface SocketSlots<Socket> {
  /** Puts a probe's socket into its slot. */
  set(slot: number, socket: Socket): void;
  /** Whether the probe in a slot still is this socket's. */
  has(slot: number, socket: Socket): boolean;
  /** Notes what became of a probe; false where it was given up or is answered already. */
  finish(slot: number, socket: Socket, result: Outcome): boolean;
  /** The same, of a socket that failed. */
  fail(slot: number, socket: Socket, error: Error): boolean;
  /** What an engine does with slots; `start` is its own. */
  readonly engine: Omit<Engine, 'start'>;
}

/** Empty slots. */
export function socketSlots<Socket>(
  capacity: number,
  transport: Transport,
  close: (socket: Socket) => void,
): SocketSlots<Socket> {
  const sockets: (Socket | undefined)[] = Array.from({ length: capacity });
  const slots: number[] = [];
  const results: Outcome[] = [];
  let lastFault = '';
  let wake: (() => void) | undefined;

  const finish = (slot: number, socket: Socket, result: Outcome): boolean => {
    if (sockets[slot] !== socket) return false;
    sockets[slot] = undefined;
    slots.push(slot);
    results.push(result);
    wake?.();
    return true;
  };

  return {
    set(slot, socket) {
      sockets[slot] = socket;
    },
    has: (slot, socket) => sockets[slot] === socket,
    finish,
    fail(slot, socket, error) {
      const code = systemCode(error);
      const result = outcomeOfErrno(code, transport);
      if (result === outcome.localFault || result === outcome.unknown) lastFault = code ?? '';
      return finish(slot, socket, result);
    },
    engine: {
      capacity,
      get lastFault() {
        return lastFault;
      },
      onceReady(callback) {
        wake = callback;
      },
      poll(onOutcome) {
        const count = slots.length;
        for (let i = 0; i < count; i++) onOutcome(slots[i]!, results[i]!);
        slots.splice(0, count);
        results.splice(0, count);
        return count;
      },
      cancel(slot) {
        const socket = sockets[slot];
        sockets[slot] = undefined;
        if (socket) close(socket);
      },
      close() {
        for (const socket of sockets) if (socket) close(socket);
        sockets.fill(undefined);
        slots.length = 0;
        results.length = 0;
      },
    },
  };
}
