import { styleText } from 'node:util';
import type { Column, Tone } from '../resources/resource.ts';
import { localTime } from './text.ts';

const colors = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  info: 'cyan',
  muted: 'dim',
} as const satisfies Readonly<Record<Tone, string>>;

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
  const filled = columns
    .map((column) => ({ column, texts: rows.map((row) => cellText(column, row)) }))
    .filter(({ texts }) => layout.keepsEmpty || texts.some((text) => text !== ''))
    .map(({ column, texts }) => ({ column, texts: [column.title.toUpperCase(), ...texts] }));
  const widths = fit(
    filled.map(({ texts }) => widest(texts)),
    layout.width,
  );
  const blocks = filled.map(({ column, texts }, index) => {
    const width = widths[index] ?? 0;
    return texts.map((text, line) => {
      const row = rows[line - 1];
      const tone = row === undefined ? 'muted' : column.tone?.(row);
      const color = layout.color && tone ? colors[tone] : undefined;
      return pad(cut(text, width), { width, color, align: column.align });
    });
  });
  const lines = Array.from({ length: rows.length + 1 }, (_, line) =>
    blocks.map((block) => block[line] ?? '').join('  '),
  );
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

type Color = (typeof colors)[Tone];

/** Blanks stay outside the color. */
function pad(
  text: string,
  cell: { width: number; color: Color | undefined; align: 'left' | 'right' | undefined },
): string {
  const blanks = ' '.repeat(Math.max(0, cell.width - widthOf(text)));
  const shown =
    cell.color && text !== '' ? styleText(cell.color, text, { validateStream: false }) : text;
  return cell.align === 'right' ? blanks + shown : shown + blanks;
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
  if (column.kind === 'time' && typeof value === 'number') return localTime(value);
  return value === null || value === undefined ? '' : printable(String(value));
}

/** What a server sent must not move the cursor or color the terminal. */
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function printable(text: string): string {
  return text.replace(unprintable, ' ');
}

/** A loop, since a list of arguments as long as the table would overflow the stack. */
function widest(texts: readonly string[]): number {
  let most = 0;
  for (const text of texts) most = Math.max(most, widthOf(text));
  return most;
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
function fit(widths: readonly number[], total: number | undefined): readonly number[] {
  if (total === undefined) return widths;
  const fitted = [...widths];
  let over = fitted.reduce((sum, width) => sum + width + 2, 0) - total;
  while (over > 0) {
    const largest = Math.max(...fitted);
    if (largest <= 8) break;
    fitted[fitted.indexOf(largest)] = largest - 1;
    over--;
  }
  return fitted;
}
