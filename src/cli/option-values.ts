import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/duration.ts';
import { type Field, integer } from '../core/field.ts';
import { AppError } from '../errors.ts';
import { parseSince } from '../resources/since.ts';

/** A parser of numbers that a field may hold. */
export function numberOption({ needs, holds }: Field): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (holds(value)) return value;
    throw new InvalidArgumentError(`Give ${needs}.`);
  };
}

/** A parser of whole numbers between two bounds. */
export function integerOption(least: number, most?: number): (text: string) => number {
  return numberOption(integer(least, most));
}

/** A number above 0. */
export function positiveOption(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a number above 0.');
}

/** A parser of time spans into ms: `500ms`, `90s`, `30m`, `2h`; seconds where no unit is given. */
export function durationOption(text: string): number {
  const span = parseDuration(text);
  if (span === undefined) throw new InvalidArgumentError('Give a time such as 90s, 30m or 2h.');
  return span;
}

/** Wraps a parser, so that commander adds the name of the option to its errors. */
export function parsedOption<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof AppError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}

/** A parser of times in the past, epoch ms. One in the future would remove what has not ended. */
export const pastOption = parsedOption((text) => {
  const time = parseSince(text);
  if (time <= Date.now()) return time;
  throw new AppError('USAGE', `"${text}" is in the future: give a time in the past`);
});

/** Collects the values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `a,b c`, in one word or in several: the words, without empty ones. */
export function splitList(words: readonly string[] | undefined): string[] | undefined {
  return words?.flatMap((word) => word.split(',')).filter((word) => word !== '');
}
