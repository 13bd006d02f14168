import { styleText } from 'node:util';

/** A colour of a cell. */
export type Color = 'green' | 'red' | 'yellow' | 'dim' | 'cyan';

/** What a cell is made of: a colour is a name of `util.styleText`. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null | undefined;
  readonly align?: 'left' | 'right';
  readonly color?: (row: Row) => Color | undefined;
}

/**
 * Rows as an aligned table without lines, its widest column cut where the terminal is too narrow.
 *
 * @param layout.width columns of the terminal; undefined for no limit
 * @param layout.keepsEmpty show columns that no row has anything in
 */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  layout: { width?: number | undefined; color: boolean; keepsEmpty?: boolean | undefined },
): string {
  const used = columns.filter(
    (column) => layout.keepsEmpty || rows.some((row) => cellText(column, row) !== ''),
  );
  const texts = rows.map((row) => used.map((column) => cellText(column, row)));
  const widths = fit(
    used.map((column, i) => Math.max(column.title.length, ...widthsOf(texts, i))),
    layout.width,
  );
  const line = (cells: readonly string[], paint: (i: number) => Color | undefined): string =>
    cells
      .map((cell, i) => {
        const { align = 'left' } = used[i]!;
        const isLast = i === cells.length - 1;
        return pad(cut(cell, widths[i]!), {
          width: widths[i]!,
          align,
          isLast,
          color: layout.color ? paint(i) : undefined,
        });
      })
      .join('  ');
  const head = line(
    used.map(({ title }) => title.toUpperCase()),
    () => 'dim',
  );
  const body = rows.map((row, index) => line(texts[index]!, (i) => used[i]!.color?.(row)));
  return `${[head, ...body].map((text) => text.trimEnd()).join('\n')}\n`;
}

/** Blanks stay outside the colour, and none end a line. */
function pad(
  text: string,
  cell: {
    width: number;
    align: 'left' | 'right';
    isLast: boolean;
    color: Color | undefined;
  },
): string {
  const blanks = ' '.repeat(Math.max(0, cell.width - widthOf(text)));
  const shown =
    cell.color && text !== '' ? styleText(cell.color, text, { validateStream: false }) : text;
  if (cell.align === 'right') return blanks + shown;
  return cell.isLast ? shown : shown + blanks;
}

/** Marks that stand on the character before them, and characters that take two columns. */
const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;
const doubleWidth =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u;

/** Columns of a terminal that a text takes. */
function widthOf(text: string): number {
  // Almost every cell is plain, and tables of thousands of rows are drawn.
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0000-\u02ff]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (!zeroWidth.test(character)) width += doubleWidth.test(character) ? 2 : 1;
  }
  return width;
}

function cellText<Row>(column: Column<Row>, row: Row): string {
  const value = column.value(row);
  return value === null || value === undefined ? '' : printable(String(value));
}

/** What a stranger's server sent must not move the cursor or colour the terminal. */
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function printable(text: string): string {
  return text.replace(unprintable, ' ');
}

/** A loop, since a list of arguments as long as the table would overflow the stack. */
function widthsOf(texts: readonly (readonly string[])[], column: number): [number] {
  let widest = 0;
  for (const row of texts) widest = Math.max(widest, widthOf(row[column]!));
  return [widest];
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Narrows the widest columns until all fit, none below 8. */
function fit(widths: number[], total: number | undefined): number[] {
  if (total === undefined) return widths;
  const fitted = [...widths];
  let over = fitted.reduce((sum, width) => sum + width + 2, 0) - total;
  while (over > 0) {
    const widest = Math.max(...fitted);
    if (widest <= 8) break;
    fitted[fitted.indexOf(widest)] = widest - 1;
    over--;
  }
  return fitted;
}
