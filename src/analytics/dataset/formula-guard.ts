/**
 * The rule of `csvLine` for DuckDB: text that a spreadsheet would run as a formula gets an apostrophe
 * before it, and so does text that looks as if it had got one.
 */
const formula = "''*[=+@\\t\\r-]";

/** A column as CSV has it. */
export function guarded(column: string): string {
  return `regexp_replace(${column}, '^(${formula})', '''\\1') AS ${column}`;
}

/** A column of such CSV as it was. */
export function unguarded(column: string): string {
  return `regexp_replace(${column}, '^''(${formula})', '\\1') AS ${column}`;
}
