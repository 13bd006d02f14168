import { describe, expect, test } from 'vitest';
import { parseCron } from './cron.ts';

const zone = 'Europe/Berlin';

/** Every tick between two times, as ISO texts without seconds. */
function ticks(pattern: string, from: string, to: string, timeZone = zone): string[] {
  const cron = parseCron(pattern, timeZone);
  const found: string[] = [];
  for (let at = cron.next(Date.parse(from) - 1); at !== undefined && at < Date.parse(to);) {
    found.push(new Date(at).toISOString().slice(0, 16));
    at = cron.next(at);
  }
  return found;
}

describe('when clocks are set forward (02:00 to 03:00, 2026-03-29T01:00Z)', () => {
  const day = ['2026-03-28T23:00Z', '2026-03-29T06:00Z'] as const;

  test('a time in the gap comes at its end', () => {
    expect(ticks('30 2 * * *', ...day)).toEqual(['2026-03-29T01:00']);
  });

  test('so does one of a list, once', () => {
    expect(ticks('15,45 2,4 * * *', ...day)).toEqual([
      '2026-03-29T01:00',
      '2026-03-29T02:15',
      '2026-03-29T02:45',
    ]);
  });

  test('the end of the gap ticks once where it is named too', () => {
    expect(ticks('0,30 2-3 * * *', ...day)).toEqual(['2026-03-29T01:00', '2026-03-29T01:30']);
  });

  test('every hour that passes has its tick', () => {
    expect(ticks('0 * * * *', ...day)).toEqual(
      [23, 24, 25, 26, 27, 28, 29].map((hour) =>
        new Date(Date.UTC(2026, 2, 28, hour)).toISOString().slice(0, 16),
      ),
    );
  });
});

describe('when clocks are set back (03:00 to 02:00, 2026-10-25T01:00Z)', () => {
  const day = ['2026-10-24T22:00Z', '2026-10-25T04:00Z'] as const;

  test('a time that comes twice ticks at the first', () => {
    expect(ticks('30 2 * * *', ...day)).toEqual(['2026-10-25T00:30']);
    expect(ticks('*/20 2 * * *', ...day)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T00:20',
      '2026-10-25T00:40',
    ]);
  });

  test('asked in the second of the two hours, the times that it names are past', () => {
    const next = parseCron('30 2,5 * * *', zone).next(Date.parse('2026-10-25T01:10Z'))!;
    expect(new Date(next).toISOString()).toBe('2026-10-25T04:30:00.000Z');
  });

  test('every hour that passes has its tick, the repeated one too', () => {
    expect(ticks('30 * * * *', ...day)).toEqual([
      '2026-10-24T22:30',
      '2026-10-24T23:30',
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
      '2026-10-25T03:30',
    ]);
  });
});

test('a zone whose clocks change by half an hour', () => {
  // Lord Howe: 02:00 to 02:30 on 2026-10-04, at 15:30Z the day before.
  expect(
    ticks('15 2 * * *', '2026-10-03T12:00Z', '2026-10-04T12:00Z', 'Australia/Lord_Howe'),
  ).toEqual(['2026-10-03T15:30']);
});

test('the latest tick before a time', () => {
  const at = parseCron('0 6 * * MON', zone).latest(Date.parse('2026-11-21T12:00Z'))!;
  expect(new Date(at).toISOString()).toBe('2026-11-16T05:00:00.000Z');
});

test('a pattern that never occurs has no tick', () => {
  expect(parseCron('0 0 30 2 *', zone).next(0)).toBeUndefined();
});

test.each(['61 * * * *', 'hello', '* * * * * *', ''])('"%s" is refused', (pattern) => {
  expect(() => parseCron(pattern, zone)).toThrow(/is not a valid cron pattern/);
});

test('a time zone that does not exist is refused', () => {
  expect(() => parseCron('@daily', 'Mars/Olympus')).toThrow(/"Mars\/Olympus" is not a time zone/);
});
