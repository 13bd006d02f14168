import { AppError } from '../../errors.ts';

/**
 * Splits a text into words as a shell does: blanks part words, quotes and backslashes keep them
 * together. Nothing is expanded, and nothing is run.
 *
 * @throws AppError USAGE where a quote is not closed
 * @example splitWords(`-sV --script 'http-*'`) // ['-sV', '--script', 'http-*']
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  // A blank run, or a word made of quoted and bare pieces.
  const pattern = /\s+|(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+|./gsy;
  for (const [piece] of text.matchAll(pattern)) {
    if (/^\s/.test(piece)) continue;
    if (/^['"\\]$/.test(piece)) {
      throw new AppError('USAGE', `in ${JSON.stringify(text)} a ${piece} is not closed`);
    }
    words.push(unquoted(piece));
  }
  return words;
}

function unquoted(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\([\\"$`])/g, '$1') ?? escaped ?? '',
  );
}
