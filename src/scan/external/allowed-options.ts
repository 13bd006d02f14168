import { AppError } from '../../errors.ts';

/** Which options a user may pass through to another scanner's program. */
export interface OptionRules {
  readonly command: string;
  /** Options without a value. */
  readonly flags: ReadonlySet<string>;
  /** Options whose value is the next word, or follows a `=`. */
  readonly valued: ReadonlySet<string>;
  /** Options that are one word with their value: `-PS80,443`, `-T4`. */
  readonly patterns: readonly RegExp[];
  /** Why options are refused, by the pattern of the option. */
  readonly refused: readonly (readonly [RegExp, string])[];
}

/** Why options are refused that Portolan sets itself. */
export const refusals = {
  output: 'Portolan reads the output itself; "portolan export" writes it',
  ports: 'ports are given to portolan itself (-p, --top-ports)',
  targets: 'targets and exclusions are given to portolan itself',
} as const;

/** Options listed in a text, separated by white space. */
export function optionSet(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/**
 * Checks words for a scanner's command line. Only options pass that are known to be harmless to what
 * Portolan does with the program, so that no abbreviation or new option slips through.
 *
 * @throws AppError USAGE, naming the word and why it is refused
 */
export function assertAllowed(words: readonly string[], rules: OptionRules): void {
  const { command, flags, valued, patterns } = rules;
  let needsValue: string | undefined;
  for (const word of words) {
    if (needsValue !== undefined) {
      needsValue = undefined;
      continue;
    }
    if (flags.has(word) || patterns.some((pattern) => pattern.test(word))) continue;
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    if (!valued.has(equals < 0 ? word : word.slice(0, equals))) throw refusal(word, rules);
    if (equals < 0) needsValue = word;
  }
  if (needsValue !== undefined)
    throw new AppError('USAGE', `${command} ${needsValue} needs a value`);
}

function refusal(word: string, { command, refused }: OptionRules): AppError {
  const [, reason] = refused.find(([pattern]) => pattern.test(word)) ?? [];
  const why =
    reason ??
    (word.startsWith('-')
      ? 'it is not one of the options that are passed through'
      : 'targets are given to portolan itself');
  return new AppError('USAGE', `--${command}-args: "${word}" is refused: ${why}`);
}
