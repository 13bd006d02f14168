import Table from 'cli-table3';
import pico from 'picocolors';

/** What a cell is made of: a colour is a name of picocolors. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null | undefined;
  readonly align?: 'left' | 'right';
  readonly color?: (row: Row) => 'green' | 'red' | 'yellow' | 'dim' | 'cyan' | undefined;
}

/**
 * Rows as an aligned table without lines, its widest column cut where the terminal is too narrow.
 *
 * @param layout.width columns of the terminal; undefined for no limit
 */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  layout: { width?: number | undefined; color: boolean },
): string {
  const color = pico.createColors(layout.color);
  const used = columns.filter((column) => rows.some((row) => cellText(column, row) !== ''));
  const texts = rows.map((row) => used.map((column) => cellText(column, row)));
  const widths = fit(
    used.map((column, i) => Math.max(column.title.length, ...widthsOf(texts, i))),
    layout.width,
  );
  const table = new Table({
    chars: plainBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    colAligns: used.map(({ align }) => align ?? 'left'),
  });
  table.push(used.map(({ title }, i) => color.dim(cut(title.toUpperCase(), widths[i]!))));
  for (const [index, row] of rows.entries()) {
    table.push(
      used.map((column, i) => {
        const text = cut(texts[index]![i]!, widths[i]!);
        const name = column.color?.(row);
        return name ? color[name](text) : text;
      }),
    );
  }
  return `${table.toString().replace(/ +$/gm, '')}\n`;
}

const plainBorders = Object.fromEntries(
  (
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right ' +
    'left left-mid mid mid-mid right right-mid middle'
  )
    .split(' ')
    .map((name) => [name, '']),
);

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
  for (const row of texts) widest = Math.max(widest, row[column]!.length);
  return [widest];
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
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
