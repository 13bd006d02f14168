import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fifo } from './fifo.ts';
import type { Pass } from './pass.ts';
import { newSlots } from './slots.ts';
import { tokenBucket } from './token-bucket.ts';

test('a fifo gives back what an array would, in any mix of pushes and shifts', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer()), { maxLength: 5000 }), (steps) => {
      const queue = fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) {
          expect(queue.shift()).toBe(model.shift());
        } else {
          queue.push(step);
          model.push(step);
        }
        expect(queue.length).toBe(model.length);
        expect(queue.peek()).toBe(model[0]);
      }
    }),
    { numRuns: 20 },
  );
});

test('a fifo that grows and shrinks by thousands keeps its order', () => {
  const queue = fifo<number>();
  let next = 0;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 3000; i++) queue.push(round * 3000 + i);
    for (let i = 0; i < 2900; i++) expect(queue.shift()).toBe(next++);
  }
  expect(queue.length).toBe(1000);
});

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

test('a token bucket lets through its rate and a short burst, never more', () => {
  const bucket = tokenBucket(1000, 0);
  let taken = 0;
  for (let nowMs = 0; nowMs <= 2000; nowMs += 0.25) while (bucket.take(nowMs)) taken += 1;
  expect(taken).toBeGreaterThanOrEqual(1990);
  expect(taken).toBeLessThanOrEqual(2001);
  // A pause of the event loop is made up for by 50 ms' worth at most.
  let burst = 0;
  while (bucket.take(60_000)) burst += 1;
  expect(burst).toBe(50);
});

test('a rate of nought is no limit', () => {
  const bucket = tokenBucket(0, 0);
  for (let i = 0; i < 10_000; i++) expect(bucket.take(0)).toBe(true);
});
