import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { unitSet } from './unit-set.ts';

test('a set contains exactly the units in its ranges', () => {
  const set = unitSet([
    [0, 2],
    [5, 5],
    [9, 1_999_999],
  ]);
  expect(set.size).toBe(3 + 1 + 1_999_991);
  expect([0, 2, 5, 9, 1_999_999].map((unit) => set.has(unit))).toEqual(Array(5).fill(true));
  expect([-1, 3, 4, 6, 8, 2_000_000].map((unit) => set.has(unit))).toEqual(Array(6).fill(false));
  expect(unitSet([]).has(0)).toBe(false);
});

test('the set has exactly the units that were taken', () => {
  const units = fc.uniqueArray(fc.nat({ max: 60 }));
  fc.assert(
    fc.property(units, (taken) => {
      const ranges: [number, number][] = [];
      for (const unit of [...taken].sort((a, b) => a - b)) {
        const last = ranges.at(-1);
        if (last?.[1] === unit - 1) last[1] = unit;
        else ranges.push([unit, unit]);
      }
      const set = unitSet(ranges);
      expect(set.size).toBe(taken.length);
      for (let unit = 0; unit <= 61; unit++) expect(set.has(unit)).toBe(taken.includes(unit));
    }),
  );
});
