import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planScan } from '../../core/plan.ts';
import { parseScanConfig } from '../../core/scan-config.ts';
import { epollEngine } from './epoll-engine.ts';
import { engineAddress } from './engine-address.ts';
import { loadLibc } from './libc.ts';
import { lookAhead, startLookAhead } from './look-ahead.ts';
import { outcome } from './outcome.ts';

const servers: Server[] = [];
let open: readonly number[] = [];

beforeAll(async () => {
  for (let i = 0; i < 20; i++) {
    servers.push(createServer((socket) => socket.on('error', () => socket.destroy())));
  }
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  open = servers.map((server) => (server.address() as AddressInfo).port);
});
afterAll(() => servers.forEach((server) => server.close()));

function newTable(): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(65_537));
}

function configFor(parts: object): ReturnType<typeof parseScanConfig> {
  const base = { targets: ['127.0.0.1'], ports: '1-65535', seed: 's', rate: 0 };
  return parseScanConfig({ ...base, ...parts });
}

test('notes open and refused ports, and leaves those alone that the scan has taken', async () => {
  const table = newTable();
  const [first = 0, second = 0] = open;
  table[second] = 255;
  const engine = epollEngine(await loadLibc(), 1);
  lookAhead({ table, address: '127.0.0.1', ports: Uint16Array.of(1, first, second) }, engine);
  engine.close();
  expect([table[1], table[first], table[second]]).toEqual([outcome.refused, outcome.open, 255]);
});

test('sends nothing more once it is stopped', async () => {
  const table = newTable();
  table[65_536] = 1;
  const engine = epollEngine(await loadLibc(), 1);
  lookAhead({ table, address: '127.0.0.1', ports: Uint16Array.of(1, 2) }, engine);
  engine.close();
  expect(table.subarray(0, 65_536).some((entry) => entry !== 0)).toBe(false);
});

test('a thread finds out what every port answers, and closes its descriptors', async () => {
  const before = readdirSync('/proc/self/fd').length;
  const config = configFor({});
  let met = 0;
  {
    await using ahead = startLookAhead(config, planScan(config));
    // Goes from the first port on, slowly, while the thread comes from the last.
    do {
      met += 1;
      await sleep(1);
    } while (ahead!.take(met) === undefined);
    const rest = Array.from({ length: 65_535 - met }, (_, i) => met + 1 + i);
    const results = new Map(rest.map((port) => [port, ahead!.take(port)]));
    for (const port of open.filter((each) => each > met)) {
      expect(results.get(port)).toBe(outcome.open);
    }
  }
  expect(met).toBeLessThan(65_535);
  // Its own thread still holds a few descriptors until it has ended.
  await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});

test.each([
  ['few ports', { ports: '1-1000' }],
  ['a rate', { rate: 1000 }],
  ['one connect at once', { host_parallelism: 1 }],
  ['the engine "sockets"', { engine: 'sockets' }],
  ['several hosts', { targets: ['127.0.0.1-2'] }],
  ['a distant host', { targets: ['192.0.2.1'] }],
  ['discovery', { discovery_only: true }],
])('no thread starts for a scan with %s', (_, parts) => {
  const config = configFor(parts);
  expect(startLookAhead(config, planScan(config))).toBeUndefined();
});

test.each(['127.0.0.1', '127.9.9.9', '::1'])(
  'of %s, the port that the engine connects from is asked again from another one',
  async (text) => {
    const engine = epollEngine(await loadLibc(), 1);
    const address = engineAddress(text);
    const again: number[] = [];
    const others: number[] = [];
    for (let port = 1; port <= 65_535; port++) {
      const result = engine.start(0, address, port);
      if (result === outcome.selfConnect) again.push(port);
      else if (result !== outcome.open && result !== outcome.refused) others.push(port);
    }
    expect(others).toEqual([]);
    // Its own port of 127.0.0.1 and ::1 is among all; of another address it is nobody's.
    expect(again.length > 0).toBe(text !== '127.9.9.9');
    for (const port of again) expect(engine.start(0, address, port)).toBe(outcome.refused);
    engine.close();
  },
);
