import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requirement } from '../../test/environment.ts';
import {
  ended,
  freePort,
  listenHere,
  startListener,
  startProgram,
  temporaryFolder,
  temporaryRegistry,
} from '../../test/portman/fixtures.ts';
import { findProcess } from '../listeners/list-listeners.ts';
import { projectVariable } from './belonging.ts';
import { lookAtPorts, type PortState } from './port-state.ts';
import type { Registry } from './registry.ts';
import { reservePorts } from './reserve.ts';
import { scanPorts } from './scan-ports.ts';
import { findStale, releaseStale } from './stale.ts';

const isRoot = process.getuid?.() === 0;
const stateOf = async (registry: Registry, port: number): Promise<PortState> =>
  (await lookAtPorts(registry, { ports: [port] })).states[0]!;

describe('the state of a port', () => {
  test('follows its listener: free, reserved, in use, reserved again', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    expect(await stateOf(registry, port)).toMatchObject({ status: 'free', reservation: null });
    await reservePorts(registry, { ports: [port], project: 'a' });
    expect(await stateOf(registry, port)).toMatchObject({ status: 'reserved', listeners: [] });
    const server = await startListener(port);
    expect(await stateOf(registry, port)).toMatchObject({
      status: 'in-use',
      foreign: false,
      reservation: { pid: server.pid, processName: 'node' },
      listeners: [{ pid: server.pid, process: 'node', transport: 'tcp', address: '127.0.0.1' }],
    });
    server.kill();
    await ended(server);
    expect(await stateOf(registry, port)).toMatchObject({
      status: 'reserved',
      reservation: { pid: null, processName: null },
    });
  });

  test('is unmanaged where nobody has reserved what somebody listens on', async () => {
    const registry = await temporaryRegistry();
    const port = await listenHere('::1');
    expect(await stateOf(registry, port)).toMatchObject({
      status: 'in-use',
      unmanaged: true,
      reservation: null,
    });
  });

  test('with auto-release, is free when its listener is gone', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    await reservePorts(registry, { ports: [port], project: 'a', autoRelease: true });
    expect((await stateOf(registry, port)).status).toBe('reserved');
    const server = await startListener(port);
    expect((await stateOf(registry, port)).status).toBe('in-use');
    server.kill();
    await ended(server);
    const { states, released } = await lookAtPorts(registry, { ports: [port] });
    expect(states[0]!.status).toBe('free');
    expect(released).toEqual([port]);
  });

  test('with auto-release, stays reserved while the process that holds it lives', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    const owner = await findProcess(process.pid);
    await reservePorts(registry, { ports: [port], project: 'a', autoRelease: true, owner });
    const server = await startListener(port);
    expect((await stateOf(registry, port)).status).toBe('in-use');
    server.kill();
    await ended(server);
    expect((await stateOf(registry, port)).status).toBe('reserved');
  });
});

describe('a listener is foreign', () => {
  test('where the process that holds the port lives and did not start it', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    const holder = await startProgram('console.log("ready"); setInterval(() => {}, 1000)');
    const owner = await findProcess(holder.pid!);
    await reservePorts(registry, { ports: [port], project: 'a', owner });
    await startListener(port);
    expect(await stateOf(registry, port)).toMatchObject({ status: 'reserved', foreign: true });
    holder.kill('SIGKILL');
    await ended(holder);
    expect(await stateOf(registry, port)).toMatchObject({ status: 'in-use', foreign: false });
  });

  test('where it was started for another project', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    await reservePorts(registry, { ports: [port], project: 'a' });
    const script = `require('node:net').createServer().listen(${port}, () => console.log('ready'))`;
    const server = await startProgram(script, { env: { [projectVariable]: 'b' } });
    expect(await stateOf(registry, port)).toMatchObject({ foreign: true });
    server.kill('SIGKILL');
    await ended(server);
    await startProgram(script, { env: { [projectVariable]: 'a' } });
    expect(await stateOf(registry, port)).toMatchObject({ foreign: false, status: 'in-use' });
  });

  test('where it works in the folder of another project', async () => {
    const registry = await temporaryRegistry();
    const [ours, theirs] = [join(temporaryFolder(), 'ours'), join(temporaryFolder(), 'theirs')];
    for (const folder of [ours, theirs]) mkdirSync(join(folder, 'src'), { recursive: true });
    const [port, other] = [await freePort(), await freePort()];
    const claim = (project: string, directory: string): object => ({
      project,
      metadata: { directory },
    });
    await reservePorts(registry, { ports: [port], ...(claim('a', ours) as { project: string }) });
    await reservePorts(registry, {
      ports: [other],
      ...(claim('b', theirs) as { project: string }),
    });
    const server = await startListener(port, { cwd: join(theirs, 'src') });
    expect(await stateOf(registry, port)).toMatchObject({ foreign: true });
    server.kill();
    await ended(server);
    await startListener(port, { cwd: join(ours, 'src') });
    expect(await stateOf(registry, port)).toMatchObject({ foreign: false });
  });

  test.runIf(requirement('root', isRoot, 'run the tests as root'))(
    'where it is another user’s, and it is shown with that user',
    async () => {
      const registry = await temporaryRegistry();
      const port = await freePort();
      await reservePorts(registry, { ports: [port], project: 'a' });
      await startListener(port, { uid: 65_534, cwd: '/' });
      expect(await stateOf(registry, port)).toMatchObject({
        status: 'reserved',
        foreign: true,
        listeners: [{ uid: 65_534, user: 'nobody' }],
      });
    },
  );
});

test('a scan keeps every listener, and forgets those that are gone', async () => {
  const registry = await temporaryRegistry();
  const port = await freePort();
  await listenHere('127.0.0.1', port);
  await listenHere('::1', port);
  const other = await freePort();
  const server = await startListener(other);
  const rows = (): unknown[] =>
    registry.db
      .prepare('SELECT port, address, pid FROM active_scans WHERE port IN (?, ?) ORDER BY address')
      .all(port, other);
  const { states } = await scanPorts(registry);
  expect(states.find((state) => state.port === port)!.listeners).toHaveLength(2);
  expect(rows()).toEqual(
    expect.arrayContaining([
      { port, address: '127.0.0.1', pid: process.pid },
      { port, address: '::1', pid: process.pid },
      { port: other, address: '127.0.0.1', pid: server.pid },
    ]),
  );
  server.kill();
  await ended(server);
  await scanPorts(registry);
  expect(rows()).toHaveLength(2);
  expect((await scanPorts(registry, { reserved: true })).states).toEqual([]);
});

describe('a reservation is stale', () => {
  const limits = { days: 30, graceMs: 60_000 };
  const age = (registry: Registry, port: number, back: string): void => {
    registry.db
      .prepare("UPDATE ports SET reservedAt = datetime('now', ?) WHERE number = ?")
      .run(back, port);
  };

  test('when it names no process and is old', async () => {
    const registry = await temporaryRegistry();
    const [old, recent] = [await freePort(), await freePort()];
    await reservePorts(registry, { ports: [old, recent], project: 'a' });
    age(registry, old, '-31 days');
    age(registry, recent, '-29 days');
    const stale = await findStale(registry, limits);
    expect(stale).toMatchObject([{ number: old, reason: 'old' }]);
    expect(stale[0]!.daysOld).toBeCloseTo(31, 1);
    expect(releaseStale(registry, stale)).toEqual([old]);
    expect(await findStale(registry, limits)).toEqual([]);
  });

  test('when its process is gone and the grace time is over, not before', async () => {
    const registry = await temporaryRegistry();
    const [port, held] = [await freePort(), await freePort()];
    const child = await startProgram('console.log("ready"); setInterval(() => {}, 1000)');
    const owner = await findProcess(child.pid!);
    await reservePorts(registry, { ports: [port], project: 'a', owner });
    await reservePorts(registry, {
      ports: [held],
      project: 'a',
      owner: await findProcess(process.pid),
    });
    age(registry, held, '-90 days');
    expect(await findStale(registry, { days: 30, graceMs: 0 })).toEqual([]);
    child.kill('SIGKILL');
    await ended(child);
    expect(await findStale(registry, limits)).toEqual([]);
    const stale = await findStale(registry, { days: 30, graceMs: 0 });
    expect(stale).toMatchObject([{ number: port, reason: 'owner-gone' }]);
  });

  test('never while its project listens', async () => {
    const registry = await temporaryRegistry();
    const port = await listenHere();
    await reservePorts(registry, { ports: [port], project: 'a', adopt: true });
    age(registry, port, '-90 days');
    expect(await findStale(registry, { days: 0, graceMs: 0 })).toEqual([]);
  });
});
