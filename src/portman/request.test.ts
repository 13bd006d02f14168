import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freePort, listenHere, temporaryRegistry } from '../../test/portman/fixtures.ts';
import {
  canBind,
  choosePorts,
  ephemeralRange,
  type PortOrder,
  skippedPorts,
} from './free-ports.ts';
import { requestPorts } from './request.ts';
import { reservePorts } from './reserve.ts';

describe('requesting ports', () => {
  test('gives the lowest that are neither reserved nor listened on in any family', async () => {
    const registry = await temporaryRegistry();
    const start = await freePort();
    const ports = await requestPorts(registry, { count: 3, project: 'a', start, end: start + 99 });
    const numbers = ports.map(({ number }) => number);
    expect(numbers[0]).toBe(start);
    const taken = await listenHere('::1', await freePort());
    const [next] = await requestPorts(registry, {
      count: 1,
      project: 'b',
      start: taken,
      end: taken + 50,
    });
    expect(next!.number).toBeGreaterThan(taken);
  });

  test('in sequence gives ports without a gap', async () => {
    const registry = await temporaryRegistry();
    const start = await freePort();
    await reservePorts(registry, { ports: [start + 2], project: 'x', adopt: true });
    const ports = await requestPorts(registry, {
      count: 4,
      project: 'a',
      start,
      end: start + 200,
      order: 'sequential',
    });
    const numbers = ports.map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
    expect(numbers[0]).toBeGreaterThan(start + 2);
  });

  test('at random gives as many different ones', async () => {
    const registry = await temporaryRegistry();
    const request = { count: 50, start: 20_000, end: 20_999, order: 'random' } as const;
    const ports = await requestPorts(registry, { ...request, project: 'a' });
    expect(new Set(ports.map(({ number }) => number)).size).toBe(50);
    const sorted = await requestPorts(registry, { ...request, project: 'b' });
    expect(sorted.map(({ number }) => number)).not.toEqual(ports.map(({ number }) => number));
  });

  test('never gives well-known services, avoided ports, or the system’s own range', async () => {
    const registry = await temporaryRegistry();
    const rows = await requestPorts(registry, {
      count: 10,
      project: 'a',
      start: 3300,
      end: 3320,
      avoid: [3301, 3302],
    });
    const numbers = rows.map(({ number }) => number);
    for (const port of [...skippedPorts, 3301, 3302]) expect(numbers).not.toContain(port);
    const { start, end } = ephemeralRange();
    expect(end).toBeGreaterThan(start);
    await expect(
      requestPorts(registry, { count: 1, project: 'a', start, end }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', exitCode: 1 });
  });

  test('more than there are gives none', async () => {
    const registry = await temporaryRegistry();
    const request = { count: 12, project: 'a', start: 4001, end: 4011 };
    await expect(requestPorts(registry, request)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(registry.db.prepare('SELECT count(*) AS count FROM ports').get()).toEqual({ count: 0 });
  });

  test('with a probe gives another where one cannot be bound', async () => {
    const registry = await temporaryRegistry();
    const start = await freePort();
    const [port] = await requestPorts(registry, {
      count: 1,
      project: 'a',
      start,
      end: start + 50,
      probe: true,
    });
    expect(await canBind(port!.number)).toBe(true);
  });
});

test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
  'a port that is taken on %s cannot be bound',
  async (host) => {
    expect(await canBind(await listenHere(host))).toBe(false);
  },
);

test('chosen ports are different, in the range, and not taken', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom<PortOrder>('lowest', 'sequential', 'random'),
      fc.func(fc.boolean()),
      (start, size, count, order, isTaken) => {
        const range = { start, end: start + size };
        const free = Array.from({ length: size + 1 }, (_, i) => start + i).filter(
          (port) => !isTaken(port),
        );
        const chosen = choosePorts({ count, range, order, isTaken });
        if (chosen === undefined) {
          if (order !== 'sequential') expect(free.length).toBeLessThan(count);
          return;
        }
        expect(new Set(chosen).size).toBe(count);
        expect(chosen.every((port) => free.includes(port))).toBe(true);
        if (order === 'sequential') expect(chosen.at(-1)! - chosen[0]!).toBe(count - 1);
      },
    ),
  );
});
