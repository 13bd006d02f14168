import { AppError } from '../errors.ts';
import { assertTimeZone, wallTime } from './zoned-time.ts';

/** The hours when a scan may run. */
export interface AllowedHours {
  /** Whether it may run at an epoch ms. */
  has(at: number): boolean;
}

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const dayMinutes = 24 * 60;

/** Minutes of the week from Monday 00:00; the end is exclusive and may be in the next week. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Parses hours when scans may run: comma-separated parts, each with days (`Sat`, `Mon-Fri`), hours
 * (`22:00-06:00`; past midnight if the end is before the start) or both.
 *
 * @param zone the time zone that the hours are in
 * @throws AppError USAGE
 * @example parseAllowedHours('Mon-Fri 22:00-06:00, Sat-Sun', 'Europe/Berlin').has(Date.now())
 */
export function parseAllowedHours(text: string, zone: string): AllowedHours {
  assertTimeZone(zone);
  const spans = text.split(',').flatMap((part) => readPart(text, part.trim()));
  return {
    has(at) {
      const wall = new Date(wallTime(zone, at));
      const day = (wall.getUTCDay() + 6) % 7;
      const minute = day * dayMinutes + wall.getUTCHours() * 60 + wall.getUTCMinutes();
      return spans.some(
        ({ from, to }) => (from <= minute && minute < to) || minute + 7 * dayMinutes < to, // Sunday's into Monday
      );
    },
  };
}

function readPart(text: string, part: string): Span[] {
  const match =
    /^(?:([a-z]{3})(?:-([a-z]{3}))?)?\s*(?:(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2}))?$/i.exec(part);
  if (!match || part === '') throw unreadable(text, part);
  const [, first = 'mon', last = match[1] ?? 'sun', ...clock] = match;
  const [h1 = '0', m1 = '0', h2 = '24', m2 = '0'] = clock;
  const from = days.indexOf(first.toLowerCase());
  const to = days.indexOf(last.toLowerCase());
  const start = Number(h1) * 60 + Number(m1);
  const end = Number(h2) * 60 + Number(m2);
  const isClock = Number(m1) < 60 && Number(m2) < 60 && start < dayMinutes && end <= dayMinutes;
  if (from < 0 || to < 0 || !isClock || start === end) throw unreadable(text, part);
  const count = ((to - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_, index) => {
    const day = ((from + index) % 7) * dayMinutes;
    return { from: day + start, to: day + end + (end < start ? dayMinutes : 0) };
  });
}

function unreadable(text: string, part: string): AppError {
  return new AppError(
    'USAGE',
    `"${part}" in "${text}" is not a list of allowed hours ` +
      '(examples: 22:00-06:00; Mon-Fri 20:00-06:00, Sat-Sun)',
  );
}
