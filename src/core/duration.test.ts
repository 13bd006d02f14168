import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

test.each([
  [0, '0 ms'],
  [850, '850 ms'],
  [2500, '2.5 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [3_600_000, '1 h'],
  [442_800_000, '5 d 3 h'],
  [86_400_000 * 2000, '2,000 d'],
])('%i ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['90', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
  ['1.5d', 129_600_000],
  ['12 h', 43_200_000],
  ['4w', 2_419_200_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '0', '0s', '-1s', '5y', '1h30m', 's', '1e3s', '99999999999s', '7d later'])(
  '"%s" is not a time span',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
