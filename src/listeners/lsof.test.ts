import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { requirement } from '../../test/environment.ts';
import { listenHere } from '../../test/portman/fixtures.ts';
import { listWithLsof, parseLsof } from './lsof.ts';

const hasLsof = spawnSync('lsof', ['-v']).error === undefined;

test.runIf(requirement('lsof', hasLsof, 'apt install lsof'))(
  'lsof shows the listeners of both families and transports',
  async () => {
    const [four, six, all] = [
      await listenHere('127.0.0.1'),
      await listenHere('::1'),
      await listenHere('0.0.0.0'),
    ];
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => void udp.close());
    await once(udp, 'listening');
    const found = await listWithLsof(new AbortController().signal);
    const common = { uid: process.getuid?.(), pids: [process.pid] };
    expect(found).toContainEqual({ transport: 'tcp', address: '127.0.0.1', port: four, ...common });
    expect(found).toContainEqual({ transport: 'tcp', address: '::1', port: six, ...common });
    expect(found).toContainEqual({ transport: 'tcp', address: '0.0.0.0', port: all, ...common });
    const { port } = udp.address();
    expect(found).toContainEqual({ transport: 'udp', address: '127.0.0.1', port, ...common });
  },
);

test('a socket that several processes hold is one listener', () => {
  const text = [
    'p100', 'u501', 'f3', 'tIPv6', 'PTCP', 'n*:3000',
    'p101', 'u501', 'f3', 'tIPv6', 'PTCP', 'n*:3000', 'f4', 'tIPv6', 'PTCP', 'n[fe80:1::1]:4000',
    'f5', 'tIPv4', 'PUDP', 'n10.0.0.5:5000->10.0.0.9:53', 'f6', 'tIPv4', 'PUDP', 'n*:*',
  ].join('\n'); // prettier-ignore
  expect(parseLsof(text)).toEqual([
    { transport: 'tcp', address: '::', port: 3000, uid: 501, pids: [100, 101] },
    { transport: 'tcp', address: 'fe80:1::1', port: 4000, uid: 501, pids: [101] },
  ]);
});
