import { unguardFormula } from '../../core/formula-guard.ts';

/**
 * The fields of a line of CSV (RFC 4180); undefined if a quoted field does not end on it, or if
 * anything but a separator follows the quote.
 */
export function csvFields(line: string, separator: string): string[] | undefined {
  const text = line.replace(/\r$/, '');
  if (!text.includes('"')) return text.split(separator).map(unguardFormula);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      const end = endOfQuoted(text, at + 1);
      if (end === undefined) return undefined;
      fields.push(unguardFormula(text.slice(at + 1, end).replaceAll('""', '"')));
      at = end + 1;
    } else {
      const end = text.indexOf(separator, at);
      fields.push(unguardFormula(text.slice(at, end < 0 ? undefined : end)));
      at = end < 0 ? text.length : end;
    }
    if (at >= text.length) return fields;
    if (!text.startsWith(separator, at)) return undefined;
    at += separator.length;
  }
}

function endOfQuoted(text: string, from: number): number | undefined {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at < 0 ? undefined : at;
}
