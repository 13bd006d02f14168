import { expect, test } from 'vitest';
import { bytes, count, duration, hostPort, isoTime, number } from './text.ts';

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
  expect(duration(ms)).toBe(text);
});

test('numbers, sizes, times and ports read well', () => {
  expect(number(65_535)).toBe('65,535');
  expect(count(1, 'host')).toBe('1 host');
  expect(count(0, 'host')).toBe('0 hosts');
  expect(bytes(1_500_000)).toBe('1.5 MB');
  expect(bytes(12)).toBe('12 B');
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
  expect(isoTime(null)).toBeNull();
  expect(hostPort('::1', 22)).toBe('[::1]:22');
  expect(hostPort('192.0.2.1', 22)).toBe('192.0.2.1:22');
});
