import { connect, type Socket } from 'node:net';
import { systemCode } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';

/**
 * Connects through `node:net`: works wherever Node does, at about a fifth of the epoll engine's
 * speed and 20 to 30 KB of memory for each connect under way.
 */
export function socketsEngine(capacity: number): Engine {
  const sockets: (Socket | undefined)[] = Array.from({ length: capacity });
  const slots: number[] = [];
  const results: Outcome[] = [];
  let lastFault = '';
  let wake: (() => void) | undefined;

  const finish = (slot: number, socket: Socket, result: Outcome): void => {
    if (sockets[slot] !== socket) return;
    sockets[slot] = undefined;
    slots.push(slot);
    results.push(result);
    wake?.();
  };

  return {
    capacity,
    get lastFault() {
      return lastFault;
    },
    start(slot, address, port) {
      const socket = connect({ host: address.text, port, family: address.family });
      sockets[slot] = socket;
      socket.once('connect', () => {
        const isSelf = socket.localPort === port && socket.localAddress === socket.remoteAddress;
        finish(slot, socket, isSelf ? outcome.selfConnect : outcome.open);
        socket.resetAndDestroy();
      });
      socket.on('error', (error) => {
        const code = systemCode(error);
        const result = outcomeOfErrno(code, 'tcp');
        if (result === outcome.localFault || result === outcome.unknown) lastFault = code ?? '';
        finish(slot, socket, result);
      });
      return outcome.pending;
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
      socket?.destroy();
    },
    close() {
      sockets.forEach((socket) => socket?.destroy());
      sockets.fill(undefined);
      slots.length = 0;
      results.length = 0;
    },
  };
}
