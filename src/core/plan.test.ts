import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permutation } from './permutation.ts';
import { planScan } from './plan.ts';
import { type NetworkScanConfig, parseScanConfig } from './scan-config.ts';

function config(fields: Partial<NetworkScanConfig>): NetworkScanConfig {
  return parseScanConfig({ targets: ['10.0.0.0/24'], ports: '80', seed: 's', ...fields });
}

describe('the order of targets', () => {
  test('every element comes exactly once, whatever the size and seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), fc.string(), (size, seed) => {
        const order = permutation(size, seed);
        const met = new Set(Array.from({ length: size }, (_, i) => order(i)));
        expect(met.size).toBe(size);
        for (const element of met) expect(element >= 0 && element < size).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('large domains stay inside and hit no element twice in a sample', () => {
    const size = 2 ** 40 - 87;
    const order = permutation(size, 'x');
    const met = new Set(Array.from({ length: 20_000 }, (_, i) => order(i * 50_000_000)));
    expect(met.size).toBe(20_000);
    for (const element of met) expect(element >= 0 && element < size).toBe(true);
  });

  test('another seed gives another order, the same seed the same', () => {
    const first = (seed: string): number[] =>
      Array.from({ length: 50 }, (_, i) => permutation(256, seed)(i));
    expect(first('a')).toEqual(first('a'));
    expect(first('a')).not.toEqual(first('b'));
    expect(first('a')).not.toEqual(first('a').toSorted((x, y) => x - y));
  });
});

describe('the plan of a scan', () => {
  function addresses(fields: Partial<NetworkScanConfig>): string[] {
    const plan = planScan(config(fields));
    const found: string[] = [];
    for (let number = 0; number < plan.unitCount; number++) {
      const { first, last } = plan.unit(number);
      for (let position = first; position <= last; position++) found.push(plan.addressAt(position));
    }
    return found;
  }

  test('the units of a job meet every target once', () => {
    expect(new Set(addresses({ ports: '1-1000' })).size).toBe(256);
    expect(addresses({ ports: '1-1000' })).toHaveLength(256);
  });

  test('the shards of one seed meet every target once', () => {
    const shards = [1, 2, 3, 4, 5].map((index) => addresses({ shard: { index, count: 5 } }));
    expect(shards.flat()).toHaveLength(256);
    expect(new Set(shards.flat()).size).toBe(256);
    for (const shard of shards) expect(shard.length).toBeGreaterThan(50);
  });

  test('a unit is whole hosts, of about 16,384 probes', () => {
    expect(planScan(config({ ports: '-' })).unitCount).toBe(256);
    expect(planScan(config({ ports: '1-1000' })).unit(0)).toEqual({ index: 0, first: 0, last: 15 });
    expect(planScan(config({ ports: '80' })).unitCount).toBe(1);
  });

  test('a /8 with a thousand ports is planned without a list of its targets', () => {
    const plan = planScan(config({ targets: ['10.0.0.0/8'], ports: '1-1000' }));
    expect(plan.hostCount).toBe(2 ** 24);
    expect(plan.probeCount).toBe(2 ** 24 * 1000);
    expect(plan.unit(plan.unitCount - 1).last).toBe(2 ** 24 - 1);
  });
});
