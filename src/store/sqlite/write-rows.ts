import type { SQLInputValue } from '../../database/driver.ts';
import type { Statements } from './statements.ts';

/** Rows per statement: 50 are a quarter faster than 1, and 200 are no faster than 50. */
const rowsPerStatement = 50;

/** An INSERT for a group of rows, and the same for a single remaining row. */
export interface RowInsert {
  readonly many: string;
  readonly one: string;
}

/**
 * An INSERT whose first column has the same value in every row.
 *
 * @param tail SQL after the rows, such as `ON CONFLICT …`
 */
export function rowInsert(table: string, columns: readonly string[], tail: string): RowInsert {
  const row = `(?1${', ?'.repeat(columns.length - 1)})`;
  const head = `INSERT INTO ${table} (${columns.join(', ')}) VALUES `;
  const many = `${head}${Array(rowsPerStatement).fill(row).join(', ')} ${tail}`;
  return { many, one: `${head}${row} ${tail}` };
}

/**
 * An INSERT that selects from the rows, `r (column1, column2, …)`; `?1` is the same in all.
 *
 * @param head SQL up to the FROM of the rows
 * @param width values per row
 */
export function rowSelect(head: string, width: number, tail: string): RowInsert {
  const row = `(?${', ?'.repeat(width - 1)})`;
  const from = (rows: number): string =>
    `${head} FROM (VALUES ${Array(rows).fill(row).join(', ')}) r ${tail}`;
  return { many: from(rowsPerStatement), one: from(1) };
}

/** Rows to write. */
export interface Rows<Row> {
  readonly rows: Iterable<Row> & { readonly length: number };
  /** The first column of every row. */
  readonly first: SQLInputValue;
  /** Appends the other columns of a row. */
  readonly push: (values: SQLInputValue[], row: Row) => void;
}

/** Writes rows, group by group. */
export function writeRows<Row>(prepare: Statements, insert: RowInsert, rows: Rows<Row>): void {
  forGroups(rows, (values, size) => {
    prepare(size === 1 ? insert.one : insert.many).run(...values);
  });
}

/** Like {@link writeRows}, and returns the INSERT's RETURNING rows. */
export function writeRowsReturning<Returned, Row>(
  prepare: Statements,
  insert: RowInsert,
  rows: Rows<Row>,
): Returned[] {
  const returned: Returned[] = [];
  forGroups(rows, (values, size) => {
    returned.push(...prepare(size === 1 ? insert.one : insert.many).all<Returned>(...values));
  });
  return returned;
}

function forGroups<Row>(
  { rows, first, push }: Rows<Row>,
  run: (values: SQLInputValue[], size: number) => void,
): void {
  let left = rows.length;
  let values = [first];
  let pushed = 0;
  for (const row of rows) {
    push(values, row);
    pushed++;
    const size = left >= rowsPerStatement ? rowsPerStatement : 1;
    if (pushed < size) continue;
    run(values, size);
    left -= size;
    values = [first];
    pushed = 0;
  }
}
