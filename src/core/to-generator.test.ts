import { expect, test } from 'vitest';
import { toGenerator } from './to-generator.ts';

test('gives each value in turn, and in the end what the work returns', async () => {
  const values = toGenerator<number, string>(async (push) => {
    for (const value of [1, 2, 3]) await push(value);
    return 'done';
  });
  const seen: unknown[] = [];
  for (let next = await values.next(); ; next = await values.next()) {
    seen.push(next.value);
    if (next.done) break;
  }
  expect(seen).toEqual([1, 2, 3, 'done']);
});

test('the work is a few values ahead of its reader, never more', async () => {
  let pushed = 0;
  const values = toGenerator<number, void>(async (push) => {
    for (let value = 0; value < 1000; value++) {
      await push(value);
      pushed++;
    }
  });
  await values.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(pushed).toBeLessThan(5);
  expect((await Array.fromAsync(values)).length).toBe(999);
});

test('a reader that stops early aborts the work, and waits for its end', async () => {
  let isOver = false;
  const values = toGenerator<number, void>(async (push, signal) => {
    for (let value = 0; !signal.aborted; value++) await push(value);
    await new Promise((resolve) => setTimeout(resolve, 10));
    isOver = true;
  });
  for await (const value of values) if (value === 2) break;
  expect(isOver).toBe(true);
});

test('an error of the work reaches the reader after the values before it', async () => {
  const values = toGenerator<number, void>(async (push) => {
    await push(1);
    throw new Error('no more');
  });
  expect(await values.next()).toEqual({ done: false, value: 1 });
  await expect(values.next()).rejects.toThrow('no more');
});
