import { expect, test } from 'vitest';
import { topTcpPorts, topUdpPorts } from './top-ports.ts';

for (const [name, list, least] of [
  ['TCP', topTcpPorts, 1000],
  ['UDP', topUdpPorts, 100],
] as const) {
  test(`the ${name} list has at least ${least} ports, each valid and named once`, () => {
    expect(list.length).toBeGreaterThanOrEqual(least);
    expect(new Set(list).size).toBe(list.length);
    expect(list.filter((port) => !Number.isInteger(port) || port < 1 || port > 65_535)).toEqual([]);
  });
}

test('the most common services stand among the first', () => {
  expect(topTcpPorts.slice(0, 20)).toEqual(
    expect.arrayContaining([80, 443, 22, 21, 25, 53, 445, 3389, 3306, 8080]),
  );
  expect(topUdpPorts.slice(0, 5)).toEqual(expect.arrayContaining([53, 123, 161]));
});
