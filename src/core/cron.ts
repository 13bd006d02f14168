import { Cron } from 'croner';
import { AppError, messageOf } from '../errors.ts';
import { assertTimeZone, instantOf, wallTime } from './zoned-time.ts';

/** The ticks of a cron pattern; times are epoch ms. */
export interface CronTicks {
  /** The first tick after a time; undefined where none ever comes. */
  next(after: number): number | undefined;
  /** A tick at or before a time, at most a clock change away from the last one; or undefined. */
  latest(at: number): number | undefined;
}

/**
 * Reads a cron pattern of five fields (minute, hour, day, month, day of the week) or a nickname
 * such as `@daily`. Where clocks change: a pattern with `*` for its hour ticks in every hour that
 * passes, the repeated one too; any other ticks once for each time that it names, at the first of
 * two hours of the same name, and at the end of a gap for those that lie in it.
 *
 * @throws AppError USAGE where the pattern or the time zone cannot be read
 */
export function parseCron(pattern: string, zone: string): CronTicks {
  assertTimeZone(zone);
  const isHourly = /^@hourly$|^\S+\s+\*(\/1)?\s/i.test(pattern.trim());
  // Times by name are counted where no clock changes, and then looked up in the zone: Croner's
  // own rule for gaps holds for a single time of day, and not for lists of them.
  const cron = read(pattern, isHourly ? zone : 'UTC');
  const toCron = (at: number): Date => new Date(isHourly ? at : wallTime(zone, at));
  const fromCron = (date: Date): number =>
    isHourly ? date.getTime() : instantOf(zone, date.getTime());
  return {
    next(after) {
      // Of two hours of one name the second is past all of its times, though it names them anew.
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
      `"${pattern}" is no cron pattern (${messageOf(cause).replace(/^CronPattern: /, '')}); ` +
        'examples: "30 2 * * *", "*/15 8-18 * * MON-FRI", "@daily"',
      { cause },
    );
  }
}
