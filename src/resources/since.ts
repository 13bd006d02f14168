import { parseDuration } from '../core/duration.ts';
import { AppError } from '../errors.ts';

/**
 * Epoch ms of a time span back from now (`90s`, `30m`, `12h`, `7d`, `4w`) or of a date.
 *
 * @throws AppError USAGE
 */
export function parseSince(text: string): number {
  // A bare number may be a year or an epoch, so it is not read as seconds.
  const span = /[a-z]$/.test(text.trim()) ? parseDuration(text) : undefined;
  if (span !== undefined) return Date.now() - span;
  const date = /^\d{4}-\d\d-\d\d/.exec(text)?.[0];
  const time = date === undefined ? Number.NaN : Date.parse(text);
  // Date.parse reads February 31 as March 3.
  const isReal = date !== undefined && new Date(`${date}T00:00Z`).toJSON()?.startsWith(date);
  if (Number.isNaN(time) || !isReal) {
    throw new AppError(
      'USAGE',
      `"${text}" is not a time: give a time span (12h, 7d) or a date (2026-01-31)`,
    );
  }
  return time;
}
