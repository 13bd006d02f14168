import type { Transport } from '../../core/states.ts';
import { systemCode } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';

/**
 * The slots of an engine whose probes are sockets of Node.js: outcomes that its events bring wait
 * here until they are polled.
 */
export interface SocketSlots<Socket> {
  /** Puts a probe's socket into its slot. */
  set(slot: number, socket: Socket): void;
  /** Whether a socket's probe is still under way in its slot. */
  has(slot: number, socket: Socket): boolean;
  /** Notes what became of a probe; false where it has already ended. */
  finish(slot: number, socket: Socket, result: Outcome): boolean;
  /** As `finish`, of a socket that failed. */
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
  const sockets = new Map<number, Socket>();
  let finished: { readonly slot: number; readonly result: Outcome }[] = [];
  let lastFault = '';
  let wake: (() => void) | undefined;

  const finish = (slot: number, socket: Socket, result: Outcome): boolean => {
    if (sockets.get(slot) !== socket) return false;
    sockets.delete(slot);
    finished.push({ slot, result });
    wake?.();
    return true;
  };

  return {
    set: (slot, socket) => void sockets.set(slot, socket),
    has: (slot, socket) => sockets.get(slot) === socket,
    finish,
    fail(slot, socket, error) {
      const code = systemCode(error);
      const result = outcomeOfErrno(code, transport);
      if (result === outcome.localFault || result === outcome.unknown) lastFault = code ?? '';
      return finish(slot, socket, result);
    },
    engine: {
      capacity,
      lastFault: () => lastFault,
      onceReady(callback) {
        wake = callback;
      },
      poll(onOutcome) {
        const polled = finished;
        finished = [];
        for (const { slot, result } of polled) onOutcome(slot, result);
        return polled.length;
      },
      cancel(slot) {
        const socket = sockets.get(slot);
        sockets.delete(slot);
        if (socket) close(socket);
      },
      close() {
        for (const socket of sockets.values()) close(socket);
        sockets.clear();
        finished = [];
      },
    },
  };
}
