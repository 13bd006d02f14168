/**
 * Matches the beginning of a text that a spreadsheet would run as a formula, or that already looks
 * guarded. Valid in both JavaScript and RE2.
 */
export const formula = String.raw`'*[=+@\t\r-]`;

const formulaText = new RegExp(`^${formula}`);
const guardedText = new RegExp(`^'${formula}`);

/** A text for CSV: an apostrophe keeps a spreadsheet from running it. */
export function guardFormula(text: string): string {
  return formulaText.test(text) ? `'${text}` : text;
}

/** Reverses {@link guardFormula}. */
export function unguardFormula(text: string): string {
  return guardedText.test(text) ? text.slice(1) : text;
}
