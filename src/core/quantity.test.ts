import { expect, test } from 'vitest';
import { bytes, count, number } from './quantity.ts';

test('numbers, counts and sizes read well', () => {
  expect(number(65_535)).toBe('65,535');
  expect(count(1, 'host')).toBe('1 host');
  expect(count(0, 'host')).toBe('0 hosts');
  expect(bytes(1_500_000)).toBe('1.5 MB');
  expect(bytes(12)).toBe('12 B');
});
