import { readdirSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type ScanEvent, scanEvent } from '../../core/events.ts';
import { planScan } from '../../core/plan.ts';
import { type NetworkScanConfig, parseScanConfig } from '../../core/scan-config.ts';
import { everyUnit } from '../../../test/network/every-unit.ts';
import type { ProbeResult } from '../../probe/probe.ts';
import { newProgress, type ScanProgress } from '../scanner.ts';
import type { NetworkScanContext } from './hosts.ts';
import { scanNetwork } from './scan-network.ts';

const engines = ['epoll', 'sockets'] as const;
const available = engines.filter((engine) => engine === 'sockets' || process.platform === 'linux');
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Listens on so many free ports of an address, and returns them in ascending order. */
async function listen(count: number, address = '127.0.0.1'): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const server = createServer((socket) => socket.on('error', () => undefined));
    servers.push(server);
    await once(server.listen(0, address), 'listening');
    ports.push((server.address() as AddressInfo).port);
  }
  return ports.sort((a, b) => a - b);
}

function configFor(parts: Partial<NetworkScanConfig>): NetworkScanConfig {
  const named = parts.targets ?? ['127.0.0.1'];
  const base = { targets: named, named, ports: '-', rate: 0, seed: 'seed', probe: false };
  return parseScanConfig({ ...base, host_parallelism: 64, ...parts });
}

interface Outcome {
  readonly batches: (readonly ScanEvent[])[];
  readonly events: readonly ScanEvent[];
  readonly progress: ScanProgress;
}

async function scan(
  parts: Partial<NetworkScanConfig>,
  context: Partial<NetworkScanContext> = {},
): Promise<Outcome> {
  const config = configFor(parts);
  const plan = planScan(config);
  const progress = newProgress();
  const units = everyUnit(plan);
  const { signal } = new AbortController();
  const batches: (readonly ScanEvent[])[] = [];
  const whole = { runId: 'run', plan, units, progress, signal, ...context };
  for await (const batch of scanNetwork(config, whole)) batches.push(batch);
  return { batches, events: batches.flat(), progress };
}

function openPorts(events: readonly ScanEvent[]): number[] {
  return events.flatMap((event) => (event.type === 'scan.port' ? [event.port] : []));
}

function said(service: string): ProbeResult {
  const banner = { protocol: service, banner: 'hello', t: Date.now() };
  const faults = [{ code: 'TLS_FAILED', message: 'no TLS here' }];
  return { service: { name: service }, banners: [banner], endpoints: [], faults };
}

describe.each(available)('the %s engine', (engine) => {
  test('finds every open port of a host, and counts the closed ones', async () => {
    const ports = await listen(40);
    const { events, progress } = await scan({ engine, ports: '20000-65535' });
    const found = openPorts(events);
    expect(ports.filter((port) => port >= 20_000 && !found.includes(port))).toEqual([]);
    const host = events.find((event) => event.type === 'scan.host');
    expect(host).toMatchObject({ addr: '127.0.0.1', state: 'up' });
    const closed = host?.not_shown?.find(({ reason }) => reason === 'conn-refused')?.count ?? 0;
    expect(found.length + closed).toBe(45_536);
    expect(progress).toMatchObject({ hostsDone: 1, hostsUp: 1, probesDone: 45_536 });
    expect(progress.portsOpen).toBe(found.length);
  });

  test('yields units of valid events in order, each ended by its run.unit', async () => {
    const [port = 0] = await listen(1, '0.0.0.0');
    const targets = ['127.3.0.0/26'];
    const { batches } = await scan({ engine, targets, ports: `${port},1-999`, named: [] });
    expect(batches.length).toBe(Math.ceil(64 / 16));
    const order = ['scan.host', 'scan.port', 'scan.banner', 'run.error', 'run.unit'];
    for (const batch of batches) {
      for (const event of batch) scanEvent.parse(event);
      const types = batch.map(({ type }) => order.indexOf(type));
      expect(types).toEqual([...types].sort((a, b) => a - b));
      const last = batch.at(-1);
      expect(last).toMatchObject({ type: 'run.unit', status: 'completed' });
      if (last?.type === 'run.unit') expect(last.counts).toMatchObject({ hosts: 16, hosts_up: 16 });
    }
    expect(openPorts(batches.flat())).toEqual(Array.from({ length: 64 }, () => port));
  });

  test('an abort yields what was found as a partial unit and leaves no descriptor', async () => {
    const [port = 0] = await listen(1);
    await scan({ engine, ports: `${port}` }); // loads what is loaded once
    const before = readdirSync('/proc/self/fd').length;
    const abort = new AbortController();
    const { batches } = await scan(
      { engine, ports: `${port},1-6000`, rate: 3000 },
      { signal: abort.signal, onOpenPort: (_, open) => open === port && abort.abort() },
    );
    expect(batches).toHaveLength(1);
    expect(batches[0]!.at(-1)).toMatchObject({ type: 'run.unit', status: 'partial' });
    expect(openPorts(batches[0]!)).toContain(port);
    const host = batches[0]!.find((event) => event.type === 'scan.host');
    expect(host?.not_shown?.some(({ state }) => state === 'unknown')).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });

  test('a caller that stops taking units ends the scan', async () => {
    await listen(1, '0.0.0.0');
    const config = configFor({ engine, targets: ['127.3.0.0/24'], ports: '1-100' });
    const plan = planScan(config);
    const progress = newProgress();
    const { signal } = new AbortController();
    const units = everyUnit(plan);
    for await (const batch of scanNetwork(config, {
      runId: 'run',
      plan,
      units,
      progress,
      signal,
    })) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    const sent = progress.probesSent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(progress.probesSent).toBe(sent);
  });

  test('a rate is kept', async () => {
    const startedMs = performance.now();
    await scan({ engine, ports: '1-400', rate: 500 });
    // 400 probes less a burst of 25.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(700);
  });
});

test('a host that opens almost every port is suspect: few rows, no conversations kept', async () => {
  const ports = await listen(120, '127.0.0.9');
  let conversations = 0;
  const { events } = await scan(
    { targets: ['127.0.0.9'], ports: ports.join(','), probe: true },
    {
      probePort: (_addr, port) => {
        conversations += 1;
        return Promise.resolve(said(`service-${port}`));
      },
    },
  );
  const host = events.find((event) => event.type === 'scan.host');
  expect(host).toMatchObject({
    suspect: 'all-open',
    not_shown: [{ transport: 'tcp', state: 'open', reason: 'syn-ack', count: 70 }],
  });
  expect(openPorts(events)).toEqual(ports.slice(0, 50));
  expect(events.filter(({ type }) => type === 'scan.banner')).toEqual([]);
  expect(conversations).toBeLessThan(120);
});

test('many open ports among refused ones are not suspect, and each is spoken to', async () => {
  const ports = await listen(60, '127.0.0.9');
  let atOnce = 0;
  let most = 0;
  const { events, progress } = await scan(
    { targets: ['127.0.0.9'], ports: `1-900,${ports.join(',')}`, probe: true },
    {
      probePort: async (_addr, port) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setTimeout(resolve, 5));
        atOnce -= 1;
        if (port === ports[0]) throw new Error('the probe broke');
        return said('greeter');
      },
    },
  );
  // A quarter of the 64 connects that one host may have.
  expect(most).toBe(16);
  expect(events.find((event) => event.type === 'scan.host')).not.toHaveProperty('suspect');
  const services = events.flatMap((event) =>
    event.type === 'scan.port' && event.service ? [event.service] : [],
  );
  expect(services).toEqual(Array.from({ length: 59 }, () => ({ name: 'greeter' })));
  expect(events.filter(({ type }) => type === 'scan.banner')).toHaveLength(59);
  const errors = events.filter((event) => event.type === 'run.error');
  expect(errors).toHaveLength(60);
  expect(errors).toContainEqual(
    expect.objectContaining({
      code: 'PROBE_FAILED',
      message: 'the probe broke',
      scope: `port:127.0.0.9:tcp:${ports[0]}`,
    }),
  );
  expect(progress.errors).toBe(60);
  for (const event of events) scanEvent.parse(event);
});

test('printers are found, and never spoken to', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  servers.push(server);
  await once(server.listen(9103, '127.0.0.9'), 'listening');
  const spoken: number[] = [];
  const { events } = await scan(
    { targets: ['127.0.0.9'], ports: '9103', probe: true },
    {
      probePort: (_addr, port) => {
        spoken.push(port);
        return Promise.resolve(said('x'));
      },
    },
  );
  expect(openPorts(events)).toEqual([9103]);
  expect(spoken).toEqual([]);
});

test('an abort ends conversations that would never end', async () => {
  const [port = 0] = await listen(1);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 100);
  const { batches } = await scan(
    { ports: `${port}`, probe: true },
    { signal: abort.signal, probePort: () => new Promise(() => undefined) },
  );
  expect(batches[0]!.at(-1)).toMatchObject({ status: 'partial' });
  expect(openPorts(batches[0]!)).toEqual([port]);
});

test('an engine that cannot be had here is an error, unless any will do', async () => {
  const { batches } = await scan({ engine: 'auto', ports: '1-10' });
  expect(batches).toHaveLength(1);
  if (process.platform === 'linux') return;
  await expect(scan({ engine: 'epoll', ports: '1-10' })).rejects.toThrow('needs Linux');
});
