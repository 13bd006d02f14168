import { expect, test } from 'vitest';
import { engineAddress } from './engine-address.ts';
import { newHost } from './host.ts';
import { outcome } from './outcome.ts';
import { portList } from './port-list.ts';
import { Pass } from './pass.ts';
import { openUnit } from './units.ts';

function passOver(ports: number, retries: number): Pass {
  const unit = openUnit({ index: 0, first: 7, last: 7 });
  const address = engineAddress('192.0.2.1');
  const host = newHost(unit, { address, number: 7, isNamed: false });
  const numbers = Array.from({ length: ports }, (_, i) => i + 1);
  const list = portList(numbers, 'tcp', 'seed');
  const settings = { list, isDiscovery: false, parallelism: 10, retries, withTimes: false };
  return new Pass(host, settings, { onAnswer: () => undefined, onEnd: () => undefined });
}

test.each([1, 2, 3, 10, 100, 1000, 65_535])('a pass over %i ports asks each port once', (size) => {
  for (const number of [0, 1, 7, 12_345]) {
    const numbers = Array.from({ length: size }, (_, i) => i + 1);
    const list = portList(numbers, 'tcp', 'seed');
    const order = list.orderFor(number);
    const asked = new Set(numbers.map((_, turn) => list.portAt(order(turn))));
    expect(asked.size).toBe(size);
  }
});

test('the same seed asks in the same order, and another in another', () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i + 1);
  const ports = (seed: string) => {
    const list = portList(numbers, 'tcp', seed);
    return numbers.map((_, turn) => list.portAt(list.orderFor(3)(turn)));
  };
  expect(ports('a')).toEqual(ports('a'));
  expect(ports('a')).not.toEqual(ports('b'));
});

test('a port given up early is taken up again once a later try elsewhere succeeds', () => {
  const pass = passOver(2, 5);
  const [first, second] = [pass.takePort()!, pass.takePort()!];
  pass.park(first, 1000);
  expect(pass.isFinished).toBe(true);
  pass.retry(second);
  expect(pass.takePort()).toBe(second);
  pass.answer(second, outcome.refused, 1000);
  expect(pass.allowedRetries).toBeGreaterThanOrEqual(2);
  expect(pass.takePort()).toBe(first);
  expect(pass.outcomes[first]).toBe(outcome.pending);
});

test('no evidence of loss ever allows more retries than the user does', () => {
  const pass = passOver(2, 1);
  const [first, second] = [pass.takePort()!, pass.takePort()!];
  pass.park(first, 1000);
  pass.retry(second);
  expect(pass.takePort()).toBe(second);
  pass.answer(second, outcome.refused, 1000);
  expect(pass.allowedRetries).toBe(1);
  expect(pass.takePort()).toBeUndefined();
});
