import { Cron } from 'croner';
import { AppError, messageOf } from '../errors.ts';
import { assertTimeZone, instantOf, wallTime } from './zoned-time.ts';

/** The ticks of a cron pattern; times are epoch ms. */
export interface CronTicks {
  /** The first tick after a time; undefined if there is none. */
  next(after: number): number | undefined;
  /** A tick at or before a time, within one clock change of the latest; or undefined. */
  latest(at: number): number | undefined;
}

/**
 * Parses a cron pattern of five fields (minute, hour, day, month, day of the week) or a nickname
 * such as `@daily`. When clocks change, a pattern with `*` for its hour ticks in every elapsed
 * hour, including a repeated one. Any other pattern ticks once per named time: in the first of two
 * repeated hours, and at the end of a gap for times inside it.
 *
 * @throws AppError USAGE if the pattern or the time zone is invalid
 */
export function parseCron(pattern: string, zone: string): CronTicks {
  assertTimeZone(zone);
  const isHourly = /^@hourly$|^\S+\s+\*(\/1)?\s/i.test(pattern.trim());
  // Named times are computed in UTC, where no clock changes, then converted to the zone: Croner's
  // rule for gaps works for a single time of day, but not for lists.
  const cron = read(pattern, isHourly ? zone : 'UTC');
  const toCron = (at: number): Date => new Date(isHourly ? at : wallTime(zone, at));
  const fromCron = (date: Date): number =>
    isHourly ? date.getTime() : instantOf(zone, date.getTime());
  return {
    next(after) {
      // In a repeated hour, all named times have already passed.
      let from = toCron(after);
      for (;;) {
        const date = cron.nextRun(from);
        if (!date) return undefined;
        const tick = fromCron(date);
        if (tick > after) return tick;
        from = date;
      }
    },
    latest(at) {
      const [date] = cron.previousRuns(1, new Date(toCron(at).getTime() + 1000));
      return date && fromCron(date);
    },
  };
}

function read(pattern: string, timezone: string): Cron {
  try {
    return new Cron(pattern.trim(), { timezone, paused: true, mode: '5-part' });
  } catch (cause) {
    throw new AppError(
      'USAGE',
      `"${pattern}" is not a valid cron pattern (${messageOf(cause).replace(/^CronPattern: /, '')}); ` +
        'examples: "30 2 * * *", "*/15 8-18 * * MON-FRI", "@daily"',
      { cause },
    );
  }
}
