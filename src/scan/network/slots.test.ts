import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Pass } from './pass.ts';
import { newSlots } from './slots.ts';

test('the oldest slot is always the one started first, whichever are freed between', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 15 }), { maxLength: 200 }), (frees) => {
      const slots = newSlots(16);
      const order: number[] = [];
      let nowMs = 0;
      for (const free of frees) {
        while (slots.inUse < slots.capacity) order.push(slots.take({} as Pass, 1, nowMs++));
        const [slot] = order.splice(free, 1);
        slots.free(slot!);
        expect(slots.oldest()).toBe(order[0] ?? -1);
      }
    }),
  );
});
