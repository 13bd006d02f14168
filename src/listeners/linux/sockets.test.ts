import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenHere } from '../../../test/portman/fixtures.ts';
import { listListeners } from '../list-listeners.ts';
import { parseSocketTable } from './sockets.ts';

describe.runIf(process.platform === 'linux')('the kernel’s table of sockets', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::1', '::1'],
    ['::', '::'],
  ])('shows who listens on %s', async (host, address) => {
    const port = await listenHere(host);
    expect(await listListeners({ ports: new Set([port]) })).toEqual([
      {
        transport: 'tcp',
        address,
        port,
        uid: process.getuid!(),
        inode: expect.stringMatching(/^\d+$/) as string,
        pids: [process.pid],
      },
    ]);
  });

  test('shows a UDP socket that waits for anybody, and not one with a peer', async () => {
    const waiting = createSocket('udp4').bind(0, '127.0.0.1');
    await once(waiting, 'listening');
    const connected = createSocket('udp6').bind(0, '::1');
    await once(connected, 'listening');
    connected.connect(9, '::1');
    await once(connected, 'connect');
    onTestFinished(() => void [waiting.close(), connected.close()]);
    const [port, other] = [waiting.address().port, connected.address().port];
    const found = await listListeners({ ports: new Set([port, other]) });
    expect(found.map(({ transport, port: shown, pids }) => ({ transport, shown, pids }))).toEqual([
      { transport: 'udp', shown: port, pids: [process.pid] },
    ]);
  });

  test('never shows a client of a listener as one', async () => {
    const port = await listenHere();
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    onTestFinished(() => void client.destroy());
    await once(client, 'connect');
    expect(await listListeners({ ports: new Set([client.localPort!]) })).toEqual([]);
    expect(await listListeners({ ports: new Set([port]) })).toHaveLength(1);
  });
});

test('any text is read without a fault, and yields only ports from 1 to 65535', () => {
  const hex = (maxLength: number) => fc.stringMatching(new RegExp(`^[0-9A-F]{0,${maxLength}}$`));
  const line = fc
    .tuple(hex(33), hex(6), fc.constantFrom('0A', '07', '01', 'x'))
    .map(([host, port, state]) => ` 0: ${host}:${port} 0:0 ${state} 0:0 0:0 0 1000 0 77 1`);
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      for (const { port } of parseSocketTable(lines.join('\n'), 'tcp')) {
        expect(port).toBeGreaterThan(0);
        expect(port).toBeLessThan(65_536);
      }
    }),
  );
});
