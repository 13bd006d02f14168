import { AppError } from '../errors.ts';

/** Making one takes 50 times as long as using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/**
 * Checks the name of a time zone.
 *
 * @throws AppError USAGE
 */
export function assertTimeZone(zone: string): void {
  try {
    formatOf(zone);
  } catch (cause) {
    throw new AppError(
      'USAGE',
      `"${zone}" is no time zone (examples: UTC, Europe/Berlin, America/New_York)`,
      { cause },
    );
  }
}

/** The time zone of this machine, such as `Europe/Berlin`. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/**
 * What clocks in a time zone show, as the epoch ms at which clocks in UTC show the same: a day is
 * always 24 hours long there.
 *
 * @param at epoch ms
 */
export function wallTime(zone: string, at: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) part[type] = Number(value);
  const { year, month, day, hour, minute, second } = part;
  const ms = ((at % 1000) + 1000) % 1000;
  return Date.UTC(year!, month! - 1, day, hour, minute, second) + ms;
}

/**
 * When clocks in a time zone show a time: the first time where they show it twice, and the end of
 * the gap where they are set forward over it.
 *
 * @param wall as {@link wallTime} gives it
 * @returns epoch ms
 */
export function instantOf(zone: string, wall: number): number {
  const day = 86_400_000;
  const [before, after] = [wall - day, wall + day].map((at) => wallTime(zone, at) - at);
  const [early, late] = [wall - before!, wall - after!].toSorted((a, b) => a - b);
  if (wallTime(zone, early!) === wall) return early!;
  if (wallTime(zone, late!) === wall) return late!;
  return endOfGap(zone, early!, late!);
}

/** The moment between two at which clocks are set forward, to the second. */
function endOfGap(zone: string, from: number, to: number): number {
  const offset = (at: number): number => wallTime(zone, at) - at;
  let [low, high] = [Math.floor(from / 1000), Math.ceil(to / 1000)];
  const atEnd = offset(high * 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle * 1000) === atEnd) high = middle;
    else low = middle;
  }
  return high * 1000;
}
