import { AppError } from '../errors.ts';

/** Letters, digits, `.`, `_` and `-`, so that a name never needs quotes. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

/**
 * Checks the name of something that a user sets up.
 *
 * @param kind what the name is for: `target`
 * @throws AppError USAGE
 */
export function assertName(kind: string, text: string): void {
  if (namePattern.test(text)) return;
  throw new AppError(
    'USAGE',
    `"${text}" is not a valid ${kind} name: use up to 63 letters, digits, ".", "_" and "-"`,
  );
}
