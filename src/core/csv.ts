/**
 * One line of CSV: quotes as RFC 4180, lines ending in a line feed, objects as JSON, nothing for
 * null and undefined. Text that a spreadsheet would run as a formula gets an apostrophe before it:
 * a product's name is what some server on the network chose to say. So does text that looks as if it
 * had got one, so that it can be taken away again.
 */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvField).join(',')}\n`;
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text =
    typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`;
  const safe = typeof value === 'string' && /^'*[=+@\t\r-]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
