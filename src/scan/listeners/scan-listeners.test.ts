import { expect, test } from 'vitest';
import { everyUnit } from '../../../test/network/every-unit.ts';
import { freePort, listenHere } from '../../../test/portman/fixtures.ts';
import { planScan } from '../../core/plan.ts';
import { parsePorts } from '../../core/ports.ts';
import { scanEvent } from '../../core/events.ts';
import { newProgress } from '../scanner.ts';
import { listenersScanConfig, scanListeners } from './scan-listeners.ts';

test('the machine’s listeners are events, a unit for each of its addresses', async () => {
  const config = listenersScanConfig();
  expect(config.targets).toEqual(expect.arrayContaining(['127.0.0.1', '::1']));
  expect(parsePorts(config.ports).tcp).toHaveLength(65_535);
  const [one, six, every, split] = [
    await listenHere('127.0.0.1'),
    await listenHere('::1'),
    await listenHere('::'),
    await freePort(),
  ];
  await listenHere('::1', split);
  await listenHere('0.0.0.0', split);
  const progress = newProgress();
  const { signal } = new AbortController();
  const plan = planScan(config);
  const units = Array.from({ length: plan.unitCount }, (_, number) => plan.unit(number));
  const batches = await Array.fromAsync(
    scanListeners(config, { runId: 'r', plan, progress, signal, units: everyUnit(plan) }),
  );
  expect(batches).toHaveLength(config.targets.length);
  const events = batches.flat();
  for (const event of events) expect(scanEvent.parse(event)).toEqual(event);
  const addresses = (port: number): string[] =>
    events
      .flatMap((event) => (event.type === 'scan.port' && event.port === port ? [event.addr] : []))
      .sort();
  expect(addresses(one)).toEqual(['127.0.0.1']);
  expect(addresses(six)).toEqual(['::1']);
  expect(addresses(every)).toEqual([...config.targets].sort());
  const four = config.targets.filter((target) => !target.includes(':'));
  expect(addresses(split)).toEqual([...four, '::1'].sort());
  expect(batches.map((batch) => batch.at(-1))).toEqual(
    units.map(
      ({ index: unit, first, last }) =>
        expect.objectContaining({ type: 'run.unit', unit, first, last }) as object,
    ),
  );
  expect(progress).toMatchObject({ hostsUp: config.targets.length });
  const port = events.find((event) => event.type === 'scan.port' && event.port === one);
  expect(port).toMatchObject({ state: 'open', reason: 'localhost-response' });
});
