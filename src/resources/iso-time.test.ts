import { expect, test } from 'vitest';
import { isoTime, withIsoTimes } from './iso-time.ts';

test('times for machines are ISO 8601 in UTC', () => {
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
  expect(isoTime(null)).toBeNull();
  expect(withIsoTimes({ port: 22, seen: 0, gone: null }, 'seen', 'gone')).toEqual({
    port: 22,
    seen: '1970-01-01T00:00:00.000Z',
    gone: null,
  });
});
