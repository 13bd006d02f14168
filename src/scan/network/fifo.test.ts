import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fifo } from './fifo.ts';

test('a fifo returns what an array would, in any mix of pushes and shifts', () => {
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
