import { expect, test } from 'vitest';
import { tokenBucket } from './token-bucket.ts';

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

test('a rate of 0 means no limit', () => {
  const bucket = tokenBucket(0, 0);
  for (let i = 0; i < 10_000; i++) expect(bucket.take(0)).toBe(true);
});
