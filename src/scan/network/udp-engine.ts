import { createSocket, type Socket } from 'node:dgram';
import { systemCode } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';
import { udpPayload } from './udp-payloads.ts';

/**
 * Sends a datagram to each port and waits for one back. Every probe has a connected socket of its
 * own: only such a one is told that its port was unreachable. Linux does not tell it of the ICMP
 * errors that may pass (host or network unreachable): those ports stay silent, `open|filtered`.
 */
export function udpEngine(capacity: number): Engine {
  const sockets: (Socket | undefined)[] = Array.from({ length: capacity });
  const slots: number[] = [];
  const results: Outcome[] = [];
  let lastFault = '';
  let wake: (() => void) | undefined;

  const finish = (slot: number, socket: Socket, result: Outcome): void => {
    if (sockets[slot] !== socket) return;
    sockets[slot] = undefined;
    socket.close();
    slots.push(slot);
    results.push(result);
    wake?.();
  };
  const fail = (slot: number, socket: Socket, error: Error): void => {
    const code = systemCode(error);
    const result = outcomeOfErrno(code, 'udp');
    if (result === outcome.localFault || result === outcome.unknown) lastFault = code ?? '';
    finish(slot, socket, result);
  };

  return {
    capacity,
    get lastFault() {
      return lastFault;
    },
    start(slot, address, port) {
      const socket = createSocket(address.family === 4 ? 'udp4' : 'udp6');
      sockets[slot] = socket;
      socket.on('message', () => finish(slot, socket, outcome.datagram));
      socket.on('error', (error) => fail(slot, socket, error));
      socket.on('connect', () => {
        if (sockets[slot] !== socket) return;
        socket.send(udpPayload(port), (error) => {
          if (error) fail(slot, socket, error);
        });
      });
      socket.connect(port, address.text);
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
      socket?.close();
    },
    close() {
      sockets.forEach((socket) => socket?.close());
      sockets.fill(undefined);
      slots.length = 0;
      results.length = 0;
    },
  };
}
