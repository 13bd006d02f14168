import { AppError } from '../errors.ts';

/** Creating one takes 50 times as long as using it. */
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
      `"${zone}" is not a time zone (examples: UTC, Europe/Berlin, America/New_York)`,
      { cause },
    );
  }
}

/** The time zone of this machine, such as `Europe/Berlin`. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/**
 * The local time in a time zone, as the epoch ms at which UTC clocks show the same, so that a day
 * always has 24 hours.
 *
 * @param at epoch ms
 */
export function wallTime(zone: string, at: number): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const ms = ((at % 1000) + 1000) % 1000;
  return (
    Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) + ms
  );
}

/**
 * When clocks in a time zone show a time: the first occurrence if it is repeated, the end of the
 * gap if it is skipped.
 *
 * @param wall a result of {@link wallTime}
 * @returns epoch ms
 */
export function instantOf(zone: string, wall: number): number {
  const day = 86_400_000;
  const before = offsetAt(zone, wall - day);
  const after = offsetAt(zone, wall + day);
  const early = wall - Math.max(before, after);
  const late = wall - Math.min(before, after);
  if (wallTime(zone, early) === wall) return early;
  if (wallTime(zone, late) === wall) return late;
  return endOfGap(zone, early, late);
}

/** How far the clocks of a time zone are ahead of UTC, ms. */
function offsetAt(zone: string, at: number): number {
  return wallTime(zone, at) - at;
}

/** When clocks are set forward between two times, to the second. */
function endOfGap(zone: string, from: number, to: number): number {
  let [low, high] = [Math.floor(from / 1000), Math.ceil(to / 1000)];
  const atEnd = offsetAt(zone, high * 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * 1000) === atEnd) high = middle;
    else low = middle;
  }
  return high * 1000;
}
