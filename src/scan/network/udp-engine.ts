import { createSocket, type Socket } from 'node:dgram';
import type { Engine } from './engine.ts';
import { outcome } from './outcome.ts';
import { socketSlots } from './socket-slots.ts';
import { udpPayload } from './udp-payloads.ts';

/**
 * Sends a datagram to each port and waits for one back. Every probe has a connected socket of its
 * own: only a connected socket learns that its port was unreachable. Linux does not report the ICMP
 * errors that may be temporary (host or network unreachable): those ports stay silent,
 * `open|filtered`.
 */
export function udpEngine(capacity: number): Engine {
  const slots = socketSlots<Socket>(capacity, 'udp', (socket) => socket.close());
  const fail = (slot: number, socket: Socket, error: Error): void => {
    if (slots.fail(slot, socket, error)) socket.close();
  };
  return {
    ...slots.engine,
    start(slot, address, port) {
      const socket = createSocket(address.family === 4 ? 'udp4' : 'udp6');
      slots.set(slot, socket);
      socket.on('message', () => {
        if (slots.finish(slot, socket, outcome.datagram)) socket.close();
      });
      socket.on('error', (error) => fail(slot, socket, error));
      socket.on('connect', () => {
        if (!slots.has(slot, socket)) return;
        socket.send(udpPayload(port), (error) => {
          if (error) fail(slot, socket, error);
        });
      });
      socket.connect(port, address.text);
      return outcome.pending;
    },
  };
}
