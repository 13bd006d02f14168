import { expect, test } from 'vitest';
import { parseAllowedHours } from './allowed-hours.ts';

/** Whether each time (UTC, in November 2026; the 23rd is a Monday) is allowed. */
function allowed(text: string, times: readonly string[], zone = 'UTC'): boolean[] {
  const hours = parseAllowedHours(text, zone);
  return times.map((time) => hours.has(Date.parse(`2026-11-${time}Z`)));
}

test('hours hold on every day, their end not included', () => {
  expect(allowed('08:00-18:00', ['23T07:59', '23T08:00', '29T17:59', '29T18:00'])).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('hours over midnight belong to the day on which they begin', () => {
  const times = ['27T22:00', '28T05:59', '28T06:00', '28T23:00', '23T01:00'];
  expect(allowed('Mon-Fri 22:00-06:00', times)).toEqual([true, true, false, false, false]);
});

test("Sunday's night reaches into Monday", () => {
  expect(allowed('Sun 22:00-06:00', ['22T22:00', '23T05:59', '23T06:00'])).toEqual([
    true,
    true,
    false,
  ]);
});

test('days alone are whole days, and a list is any of its parts', () => {
  const times = ['25T12:00', '25T20:00', '28T12:00', '29T23:59'];
  expect(allowed('mon-fri 19:00-24:00, Sat-Sun', times)).toEqual([false, true, true, true]);
});

test('days may go over the end of the week', () => {
  const times = ['22T12:00', '23T12:00', '24T12:00'];
  expect(allowed('Sat-Mon', times)).toEqual([true, true, false]);
});

test('hours are those of their time zone', () => {
  expect(allowed('00:00-06:00', ['23T04:59', '23T05:00', '22T23:00'], 'Europe/Berlin')).toEqual([
    true,
    false,
    true,
  ]);
});

test.each(['', 'night', '25:00-26:00', '10:00-10:00', 'Mon-Xyz', '08:00', 'Mon,'])(
  '"%s" is refused',
  (text) => {
    expect(() => parseAllowedHours(text, 'UTC')).toThrow(/is not a list of allowed hours/);
  },
);
