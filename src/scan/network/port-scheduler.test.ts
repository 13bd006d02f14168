import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newProgress } from '../scanner.ts';
import { createTcpEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';
import { engineAddress } from './engine-address.ts';
import { newHost } from './host.ts';
import { type Outcome, outcome } from './outcome.ts';
import { portList } from './port-list.ts';
import { Pass } from './pass.ts';
import { Scheduler } from './port-scheduler.ts';
import { openUnit } from './units.ts';

/** Asks ports of loopback, through an engine that answers for itself where it is told to. */
async function ask(
  ports: readonly number[],
  instead: (port: number) => Outcome | undefined,
): Promise<Pass> {
  const unit = openUnit({ index: 0, first: 0, last: 0 });
  const host = newHost(unit, { address: engineAddress('127.0.0.1'), number: 0, isNamed: true });
  const list = portList(ports, 'tcp', 'seed');
  const settings = { list, isDiscovery: false, parallelism: 4, retries: 0, withTimes: false };
  const pass = new Pass(host, settings, { onAnswer: () => undefined, onEnd: () => undefined });
  host.pass = pass;
  const real = await createTcpEngine({ engine: 'auto', parallelism: 4 });
  const tcp: Engine = {
    ...real,
    start: (slot, address, port) => instead(port) ?? real.start(slot, address, port),
  };
  try {
    const scheduler = new Scheduler({
      engines: { tcp, udp: real },
      rate: 0,
      timeoutMs: 5000,
      retryDelayMs: 0,
      progress: newProgress(),
    });
    scheduler.queue(pass);
    while (!pass.isFinished) if (scheduler.turn(() => false) === 0) await sleep(1);
  } finally {
    real.close();
  }
  return pass;
}

function outcomeOf({ list, outcomes }: Pass, port: number): number | undefined {
  return outcomes.find((_, index) => list.portAt(index) === port);
}

test('an error without a meaning that passes is asked about again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = new Map<number, number>();
  const pass = await ask([1, 2, 3, port], (number) => {
    const count = (asked.get(number) ?? 0) + 1;
    asked.set(number, count);
    return count <= 2 ? outcome.unknown : undefined;
  });
  server.close();
  expect(outcomeOf(pass, port)).toBe(outcome.open);
  expect([1, 2, 3].map((number) => outcomeOf(pass, number))).toEqual([2, 2, 2]);
  expect(pass.host.counts).toMatchObject({ probes_answered: 4, local_faults: 8 });
  expect(pass.host.faultName).toBeUndefined();
});

test('an error without a meaning that stays ends in an unknown state', async () => {
  const ports = [1, 2, 3, 4, 5, 6, 7, 8];
  const pass = await ask(ports, () => outcome.unknown);
  expect([...pass.outcomes]).toEqual(ports.map(() => outcome.unknown));
  expect(pass.host.counts).toMatchObject({ probes_answered: 8, local_faults: 3 });
  expect(pass.host.faultName).toBe('');
});

test('a persistent error on one port does not stop the probes of others', async () => {
  const pass = await ask([1, 2, 3, 4, 5], (port) => (port === 3 ? outcome.unknown : undefined));
  expect(outcomeOf(pass, 3)).toBe(outcome.unknown);
  expect([1, 2, 4, 5].map((number) => outcomeOf(pass, number))).toEqual([2, 2, 2, 2]);
});
