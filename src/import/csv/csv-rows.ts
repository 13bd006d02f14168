import { type Line, maxLineBytes } from '../lines.ts';
import { csvFields } from './csv-fields.ts';
import { type CsvHeader, csvHeader } from './csv-header.ts';

/** A row with more lines than this counts as an unclosed quote. */
const maxRowLines = 1_000;

/**
 * Joins the lines of CSV rows with line breaks in quoted fields (RFC 4180, section 2, rule 6). If
 * no closing quote completes a row with as many fields as the header, the quote is stray: its line
 * is a row, and the following lines are read as usual.
 */
export async function* csvRows(batches: AsyncIterable<Line[]>): AsyncGenerator<Line[]> {
  const joiner = new RowJoiner();
  for await (const batch of batches) {
    const rows: Line[] = [];
    for (const line of batch) rows.push(...joiner.take(line));
    yield rows;
  }
  yield [...joiner.end()];
}

class RowJoiner {
  private header: CsvHeader | undefined;
  /** Lines since an open quote, and their number of characters. */
  private open: Line[] = [];
  private length = 0;

  /** Returns the rows that a line completes. */
  *take(line: Line): Generator<Line> {
    this.header ??= csvHeader(line.text ?? '');
    if (!this.header?.has('address')) this.header = undefined;
    const { header, open } = this;
    if (!header || (open.length === 0 && !isOpen(line, header))) {
      yield line;
      return;
    }
    open.push(line);
    this.length += (line.text?.length ?? maxLineBytes) + 1;
    if (open.length > maxRowLines || this.length > maxLineBytes) {
      yield* this.giveUp();
    } else if (open.length > 1 && !hasEvenQuotes(line)) {
      // The number of quotes is now even: the row ends here, or it is not a row.
      const row = joined(open, header);
      if (row) {
        yield row;
        this.forget();
      } else yield* this.giveUp();
    }
  }

  *end(): Generator<Line> {
    while (this.open.length > 0) yield* this.giveUp();
  }

  private *giveUp(): Generator<Line> {
    const [stray, ...others] = this.open;
    this.forget();
    if (stray) yield stray;
    for (const line of others) yield* this.take(line);
  }

  private forget(): void {
    this.open = [];
    this.length = 0;
  }
}

function joined(lines: readonly Line[], { separator, width }: CsvHeader): Line | undefined {
  const text = lines.map((line) => line.text).join('\n');
  if (csvFields(text, separator)?.length !== width) return undefined;
  return { text, isUnended: lines.at(-1)?.isUnended ?? false, lineCount: lines.length };
}

function isOpen(line: Line, { separator }: CsvHeader): boolean {
  return !hasEvenQuotes(line) && csvFields(line.text ?? '', separator) === undefined;
}

function hasEvenQuotes({ text = '' }: Line): boolean {
  return (text.split('"').length - 1) % 2 === 0;
}
