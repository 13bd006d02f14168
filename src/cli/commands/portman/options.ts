import { InvalidArgumentError } from 'commander';

/** Parses a whole number of an option, at least `least`. */
export function wholeNumber(least = 0): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least}.`);
  };
}

/** `a,b c` as given in several words, or several times: the words, without empty ones. */
export function splitWords(words: readonly string[] | undefined): string[] | undefined {
  return words?.flatMap((word) => word.split(',')).filter((word) => word !== '');
}
