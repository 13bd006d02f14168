import { csvFields } from './csv-fields.ts';
import { type CsvHeader, csvHeader } from './csv-header.ts';
import { type Line, maxLineBytes } from './lines.ts';

/** A row of more lines than this is rather a quote that nobody closed. */
const maxRowLines = 1_000;

/**
 * Joins lines of a CSV file whose quoted fields have line breaks (RFC 4180, section 2, rule 6) into
 * rows. Where no end of the quote makes a row with as many fields as the header, the quote is a
 * stray one: its line stands alone, and those behind it are read for themselves.
 */
export async function* csvRows(batches: AsyncIterable<Line[]>): AsyncGenerator<Line[]> {
  let header: CsvHeader | undefined;
  /** Lines from one with an open quote on, and how many characters they hold. */
  let open: Line[] = [];
  let length = 0;

  /** The rows that a line completes. */
  function* take(line: Line): Generator<Line> {
    if (open.length === 0 && !isOpen(line)) {
      yield line;
      return;
    }
    open.push(line);
    length += (line.text?.length ?? maxLineBytes) + 1;
    if (open.length > maxRowLines || length > maxLineBytes) {
      yield* giveUp();
    } else if (open.length > 1 && !hasEvenQuotes(line)) {
      // Of quotes there is an even number now: the row ends here, or it is none.
      const row = joined();
      if (!row) yield* giveUp();
      else {
        yield row;
        forget();
      }
    }
  }

  function* giveUp(): Generator<Line> {
    const [stray, ...others] = open;
    forget();
    if (stray) yield stray;
    for (const line of others) yield* take(line);
  }

  function joined(): Line | undefined {
    const text = open.map((line) => line.text).join('\n');
    if (csvFields(text, header!.separator)?.length !== header!.width) return undefined;
    return { text, isUnended: open.at(-1)!.isUnended, lineCount: open.length };
  }

  function forget(): void {
    open = [];
    length = 0;
  }

  function isOpen(line: Line): boolean {
    if (!header || hasEvenQuotes(line)) return false;
    return csvFields(line.text ?? '', header.separator) === undefined;
  }

  for await (const batch of batches) {
    const rows: Line[] = [];
    for (const line of batch) {
      header ??= csvHeader(line.text ?? '');
      if (header && !header.has('address')) header = undefined;
      rows.push(...take(line));
    }
    yield rows;
  }
  while (open.length > 0) yield [...giveUp()];
}

function hasEvenQuotes({ text = '' }: Line): boolean {
  return (text.split('"').length - 1) % 2 === 0;
}
