/**
 * The beginning of a text that a spreadsheet would run as a formula, or that looks as if it had been
 * guarded already; a source that JavaScript and RE2 read alike.
 */
export const formula = String.raw`'*[=+@\t\r-]`;

const formulaText = new RegExp(`^${formula}`);
const guardedText = new RegExp(`^'${formula}`);

/** A text as CSV has it: an apostrophe keeps a spreadsheet from running it. */
export function guardFormula(text: string): string {
  return formulaText.test(text) ? `'${text}` : text;
}

/** The text that {@link guardFormula} was given. */
export function unguardFormula(text: string): string {
  return guardedText.test(text) ? text.slice(1) : text;
}
