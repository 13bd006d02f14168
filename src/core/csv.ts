import { guardFormula } from './formula-guard.ts';

/**
 * One line of CSV: quotes as in RFC 4180, a line feed at the end, objects as JSON, nothing for null
 * and undefined. Text that a spreadsheet would run as a formula gets an apostrophe, because a
 * product's name is whatever a server on the network sends.
 */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvField).join(',')}\n`;
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? guardFormula(value) : plainText(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function plainText(value: unknown): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber ? String(value) : JSON.stringify(value);
}
