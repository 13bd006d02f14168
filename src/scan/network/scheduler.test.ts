import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newProgress } from '../scanner.ts';
import { createTcpEngine } from './create-engine.ts';
import { withStart } from './engine.ts';
import { engineAddress, type Host } from './host.ts';
import { type Outcome, outcome } from './outcome.ts';
import { portList } from './port-list.ts';
import { isFinished, newPortScan, type Pass } from './pass.ts';
import { newScheduler } from './scheduler.ts';
import { openUnit } from './units.ts';

/** Asks ports of loopback, through an engine that answers for itself where it is told to. */
async function ask(
  ports: readonly number[],
  instead: (port: number) => Outcome | undefined,
): Promise<Pass> {
  const host = {
    unit: openUnit({ index: 0, first: 0, last: 0 }),
    number: 0,
    startedAt: 0,
    address: engineAddress('127.0.0.1'),
    inFlight: 0,
    faultsInARow: 0,
    faultsSinceMs: 0,
  } as Host;
  const options = { isDiscovery: false, parallelism: 4, retries: 0, withTimes: false };
  const scan = newPortScan(host, portList(ports, 'tcp', 'seed'), options);
  host.scan = scan;
  const real = await createTcpEngine({ engine: 'auto', parallelism: 4 });
  try {
    const tcp = withStart(real, (slot, address, port) => {
      return instead(port) ?? real.start(slot, address, port);
    });
    const scheduler = newScheduler({
      tcp,
      udp: real,
      parallelism: 4,
      rate: 0,
      timeoutMs: 5000,
      retryDelayMs: 0,
      progress: newProgress(),
      openHost: () => false,
      onAnswer: () => undefined,
      onFinished: () => undefined,
    });
    scheduler.queue(scan);
    while (!isFinished(scan)) if (scheduler.turn() === 0) await sleep(1);
  } finally {
    real.close();
  }
  return scan;
}

function outcomeOf({ list, outcomes }: Pass, port: number): number | undefined {
  return outcomes.find((_, index) => list.portAt(index) === port);
}

test('an error without a meaning that passes is asked about again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = new Map<number, number>();
  const scan = await ask([1, 2, 3, port], (number) => {
    const count = (asked.get(number) ?? 0) + 1;
    asked.set(number, count);
    return count <= 2 ? outcome.unknown : undefined;
  });
  server.close();
  expect(outcomeOf(scan, port)).toBe(outcome.open);
  expect([1, 2, 3].map((number) => outcomeOf(scan, number))).toEqual([2, 2, 2]);
  expect(scan.host.unit.counts).toMatchObject({ probes_answered: 4, local_faults: 8 });
  expect(scan.host.faultName).toBeUndefined();
});

test('an error without a meaning that stays ends in an unknown state', async () => {
  const ports = [1, 2, 3, 4, 5, 6, 7, 8];
  const scan = await ask(ports, () => outcome.unknown);
  expect([...scan.outcomes]).toEqual(ports.map(() => outcome.unknown));
  expect(scan.host.unit.counts).toMatchObject({ probes_answered: 8, local_faults: 3 });
  expect(scan.host.faultName).toBe('');
});

test('one port whose error stays does not keep the others from being asked', async () => {
  const scan = await ask([1, 2, 3, 4, 5], (port) => (port === 3 ? outcome.unknown : undefined));
  expect(outcomeOf(scan, 3)).toBe(outcome.unknown);
  expect([1, 2, 4, 5].map((number) => outcomeOf(scan, number))).toEqual([2, 2, 2, 2]);
});
