import { expect, test } from 'vitest';
import { engineAddress, type Host } from './host.ts';
import { outcome } from './outcome.ts';
import { portList } from './port-list.ts';
import {
  isFinished,
  newPortScan,
  noteAnswer,
  noteLateAnswer,
  parkPort,
  type Pass,
  takePort,
} from './pass.ts';

function passOver(ports: number, retries: number): Pass {
  const host = { number: 7, startedAt: 0, address: engineAddress('192.0.2.1') } as Host;
  const numbers = Array.from({ length: ports }, (_, i) => i + 1);
  const options = { isDiscovery: false, parallelism: 10, retries, withTimes: false };
  return newPortScan(host, portList(numbers, 'tcp', 'seed'), options);
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
  const scan = passOver(2, 5);
  const [first, second] = [takePort(scan)!, takePort(scan)!];
  parkPort(scan, first, 1000);
  expect(isFinished(scan)).toBe(true);
  scan.tries[second] = 1;
  noteAnswer(scan, second, { result: outcome.refused, t: 1000 });
  noteLateAnswer(scan, 1);
  expect(scan.allowedRetries).toBeGreaterThanOrEqual(2);
  expect(takePort(scan)).toBe(first);
  expect(scan.outcomes[first]).toBe(outcome.pending);
});

test('no evidence of loss ever allows more retries than the user does', () => {
  const scan = passOver(2, 1);
  const [first, second] = [takePort(scan)!, takePort(scan)!];
  parkPort(scan, first, 1000);
  noteAnswer(scan, second, { result: outcome.refused, t: 1000 });
  noteLateAnswer(scan, 1);
  expect(scan.allowedRetries).toBe(1);
  expect(takePort(scan)).toBeUndefined();
});
