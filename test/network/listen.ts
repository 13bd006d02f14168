/**
 * Listens on TCP ports until it is killed; prints "ready" once it does. Started inside a namespace.
 *
 * Usage: listen.ts ADDRESS PORTS [DATAGRAM_PORTS]   (`::` takes IPv4 as well; UDP ports echo)
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { parsePorts } from '../../src/core/ports.ts';

const [address = '::', ports = '', datagramPorts = ''] = process.argv.slice(2);
const list = (text: string): readonly number[] => (text === '' ? [] : parsePorts(text).tcp);
for (const port of list(ports)) {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await once(server.listen({ host: address, port, backlog: 4096 }), 'listening');
}
for (const port of list(datagramPorts)) {
  const socket = createSocket('udp6');
  socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address));
  await new Promise<void>((resolve) => {
    socket.bind(port, address, resolve);
  });
}
process.stdout.write('ready\n');
