import { AppError } from '../../errors.ts';

/** Which options a user may hand through to another scanner's program. */
export interface OptionRules {
  readonly command: string;
  /** Options without a value. */
  readonly flags: ReadonlySet<string>;
  /** Options whose value is the next word, or stands behind a `=`. */
  readonly valued: ReadonlySet<string>;
  /** Options that are one word with their value: `-PS80,443`, `-T4`. */
  readonly patterns: readonly RegExp[];
  /** What to say of options that are refused, by the pattern of the option. */
  readonly refused: readonly (readonly [RegExp, string])[];
}

/**
 * Checks words for a scanner's command line: only options that are known to be harmless to what
 * Portolan does with the program pass, so that an abbreviation or a new option slips through none.
 *
 * @returns the words
 * @throws AppError USAGE, naming the word and why it is refused
 */
export function allowedOptions(words: readonly string[], rules: OptionRules): readonly string[] {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const [name, value] = word.startsWith('--') ? splitAtEquals(word) : ([word] as const);
    const isFlag = rules.flags.has(word) || rules.patterns.some((pattern) => pattern.test(word));
    if (isFlag) continue;
    if (!rules.valued.has(name)) throw refusal(word, rules);
    if (value !== undefined) continue;
    i++;
    if (i >= words.length) throw new AppError('USAGE', `${rules.command} ${word} needs a value`);
  }
  return words;
}

function splitAtEquals(word: string): readonly [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function refusal(word: string, { command, refused }: OptionRules): AppError {
  const [, reason] = refused.find(([pattern]) => pattern.test(word)) ?? [];
  const why =
    reason ??
    (word.startsWith('-')
      ? 'it is none of the options that are handed through'
      : 'targets are given to portolan itself');
  return new AppError('USAGE', `--${command}-args: "${word}" is refused: ${why}`);
}
