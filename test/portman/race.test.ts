import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { requestPorts } from '../../src/portman/request.ts';
import { findStale, releaseStale } from '../../src/portman/stale.ts';
import { temporaryFolder, temporaryRegistry } from './fixtures.ts';

const processCount = 50;
const portsEach = 20;
const [start, end] = [12_000, 19_999];

interface Requester {
  readonly name: string;
  readonly child: ChildProcess;
  /** The ports that it printed; undefined where it ended before. */
  readonly ports: Promise<number[] | undefined>;
}

async function startRequester(path: string, index: number): Promise<Requester> {
  const name = `project-${index}`;
  const script = join(import.meta.dirname, 'request-ports.ts');
  const child = spawn(process.execPath, [script, path, name, String(start), String(end)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  const lines = createInterface(child.stdout);
  await once(lines, 'line');
  const ports = new Promise<number[] | undefined>((resolve) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as number[]));
    lines.once('close', () => resolve(undefined));
  });
  return { name, child, ports };
}

async function startAll(path: string): Promise<Requester[]> {
  const requesters = await Promise.all(
    Array.from({ length: processCount }, (_, index) => startRequester(path, index)),
  );
  for (const { child } of requesters) child.stdin!.write('go\n');
  return requesters;
}

test('50 processes that request 20 ports at the same moment get 1,000 different ones', async () => {
  const path = join(temporaryFolder(), 'database.db');
  const requesters = await startAll(path);
  const ports = (await Promise.all(requesters.map((each) => each.ports))).flat();
  expect(ports).toHaveLength(processCount * portsEach);
  expect(new Set(ports).size).toBe(processCount * portsEach);
  const registry = await temporaryRegistry(path);
  const stored = registry.db.prepare('SELECT number, projectName FROM ports').all();
  expect(new Set(stored.map((row) => row['number']))).toEqual(new Set(ports));
  for (const { name, ports: own } of requesters) {
    const rows = stored.filter((row) => row['projectName'] === name);
    expect(rows.map((row) => row['number'])).toEqual(await own);
  }
});

test('with a third of them killed, no port is lost and none is given twice', async () => {
  const path = join(temporaryFolder(), 'database.db');
  const requesters = await startAll(path);
  const victims = requesters.filter((_, index) => index % 3 === 0);
  await Promise.all(
    victims.map(async ({ child }, index) => {
      // From before the first transaction to after the last one.
      await sleep(index * 40);
      child.kill('SIGKILL');
      if (child.signalCode === null) await once(child, 'exit');
    }),
  );
  const survivors = requesters.filter((each) => !victims.includes(each));
  const kept = (await Promise.all(survivors.map((each) => each.ports))).flat();
  expect(kept).toHaveLength(survivors.length * portsEach);
  const answered = (await Promise.all(victims.map((each) => each.ports))).flat();
  const all = [...kept, ...answered.filter((port) => port !== undefined)];
  expect(new Set(all).size).toBe(all.length);

  const registry = await temporaryRegistry(path);
  const count = (): number =>
    registry.db.prepare('SELECT count(*) AS count FROM ports').get()!['count'] as number;
  expect(count() % portsEach).toBe(0);
  const stale = await findStale(registry, { days: 30, graceMs: 0 });
  expect(stale.every(({ reason }) => reason === 'owner-gone')).toBe(true);
  expect(releaseStale(registry, stale)).toHaveLength(stale.length);
  expect(count()).toBe(kept.length);
  expect(new Set(registry.db.prepare('SELECT number FROM ports').all().map((row) => row['number'])))
    .toEqual(new Set(kept)); // prettier-ignore
  // The ports of the dead are the lowest free ones again.
  const again = await requestPorts(registry, {
    count: stale.length || 1,
    project: 'later',
    start,
    end,
  });
  const numbers = new Set(again.map(({ number }) => number));
  const lowest = stale.map(({ number }) => number).filter((port) => port < Math.max(...numbers));
  expect(lowest.every((port) => numbers.has(port))).toBe(true);
  expect(registry.db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
});
