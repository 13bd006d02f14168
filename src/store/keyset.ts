import { AppError } from '../errors.ts';
import { join, type Sql, sql } from './sql.ts';

/** Rows per page: the default and the maximum. */
const defaultLimit = 1000;
const maxLimit = 10_000;

export interface PageRequest {
  /** 1 … 10,000. */
  readonly limit?: number | undefined;
  /** `next` of the previous page. */
  readonly after?: string | undefined;
}

/**
 * A page of a list. Pages continue from a key, not an offset, so rows inserted or deleted between
 * two pages shift nothing.
 */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Cursor of the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** One column of the key that orders a list, and how to get a row's value for it. */
export interface KeyColumn<Row> {
  readonly column: Sql;
  readonly of: (row: Row) => string | number;
  /** Converts a cursor's value to the stored form; undefined for a value of another type. */
  readonly bind: (value: unknown) => unknown;
}

/** A column of text. @param toBound converts to the stored form: `addressBound`, … */
export function textKey<Row>(
  column: Sql,
  of: (row: Row) => string,
  toBound: (text: string) => unknown = (text) => text,
): KeyColumn<Row> {
  const bind = (value: unknown): unknown =>
    typeof value === 'string' ? toBound(value) : undefined;
  return { column, of, bind };
}

/** A column of numbers. @param toBound converts to the stored form: `dialect.time`, … */
export function numberKey<Row>(
  column: Sql,
  of: (row: Row) => number,
  toBound: (value: number) => unknown = (value) => value,
): KeyColumn<Row> {
  const bind = (value: unknown): unknown =>
    typeof value === 'number' ? toBound(value) : undefined;
  return { column, of, bind };
}

/** The unique key that orders a list. */
interface Keyset<Row> {
  /** `ORDER BY …`. */
  readonly order: Sql;
  /** The condition that a row sorts after this key. */
  after(bound: readonly unknown[]): Sql;
  /** The condition that a row sorts after another row. */
  afterRow(row: Row): Sql;
  encode(row: Row): string;
  /** @throws AppError USAGE for a cursor of another list */
  decode(cursor: string): readonly unknown[];
}

/** Declares a key. All its columns sort in one direction. */
export function keyset<Row>(
  columns: readonly KeyColumn<Row>[],
  direction: 'ascending' | 'descending' = 'ascending',
): Keyset<Row> {
  const isDescending = direction === 'descending';
  const names = columns.map(({ column }) => column);
  const keyOf = (row: Row): (string | number)[] => columns.map(({ of }) => of(row));
  const boundOf = (key: readonly unknown[]): unknown[] =>
    columns.map(({ bind }, index) => bind(key[index]));
  const after = (bound: readonly unknown[]): Sql =>
    sql`(${join(names)}) ${isDescending ? sql`<` : sql`>`} (${join(bound)})`;
  return {
    order: sql`ORDER BY ${join(isDescending ? names.map((name) => sql`${name} DESC`) : names)}`,
    after,
    afterRow: (row) => after(boundOf(keyOf(row))),
    encode: (row) => Buffer.from(JSON.stringify(keyOf(row))).toString('base64url'),
    decode(cursor) {
      const key = parse(cursor);
      const bound =
        Array.isArray(key) && key.length === columns.length ? boundOf(key) : [undefined];
      if (!bound.includes(undefined)) return bound;
      throw badCursor(cursor);
    },
  };
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** The part of a list that a query reads. */
export interface PageRange {
  /** The condition that rows sort after the previous page; undefined on the first page. */
  readonly after: Sql | undefined;
  /** The key of the previous page's last row, in the columns' stored form. */
  readonly bound: readonly unknown[] | undefined;
  /** `ORDER BY …`. */
  readonly order: Sql;
  /** Maximum rows: one more than the page size, to tell whether more follow. */
  readonly count: number;
}

/**
 * Reads one page of a list ordered by a key.
 *
 * @throws AppError USAGE for a cursor of another list, or a limit out of range
 */
export async function readPage<Row>(
  { limit = defaultLimit, after }: PageRequest,
  key: Keyset<Row>,
  read: (range: PageRange) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  assertLimit(limit);
  const bound = after === undefined ? undefined : key.decode(after);
  const rows = await read({
    after: bound && key.after(bound),
    bound,
    order: key.order,
    count: limit + 1,
  });
  const kept = rows.slice(0, limit);
  const last = rows.length > limit ? kept.at(-1) : undefined;
  return { rows: kept, next: last && key.encode(last) };
}

function assertLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return;
  throw new AppError('USAGE', `a page has 1 to ${maxLimit} rows, not ${limit}`);
}

function badCursor(cursor: string): AppError {
  return new AppError('USAGE', `"${cursor}" is not a cursor of this list: start without one`);
}

/** Every row of a list, page by page. Memory holds one page. */
export async function* allRows<Row>(
  list: (page: PageRequest) => Promise<Page<Row>>,
  { limit = maxLimit, signal }: { limit?: number; signal?: AbortSignal } = {},
): AsyncGenerator<Row> {
  let after: string | undefined;
  do {
    signal?.throwIfAborted();
    const page = await list({ limit, after });
    yield* page.rows;
    after = page.next;
  } while (after !== undefined);
}

/** Maximum keys per step. */
const widestStep = 10_000;

/**
 * Reads the first rows of a list of keys, a few keys at a time until there are enough rows. Data
 * spread over many partitions is then read for these keys only.
 *
 * @param keysAfter the next keys, up to a limit, after a key or from the start
 * @param rowsOf the rows of keys in their order, up to a limit
 */
export async function findInSteps<Key, Row>(
  count: number,
  keysAfter: (after: Key | undefined, step: number) => Promise<readonly Key[]>,
  rowsOf: (keys: readonly Key[], count: number) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const found: Row[] = [];
  let after: Key | undefined;
  for (let step = count; found.length < count; step = Math.min(step * 4, widestStep)) {
    const keys = await keysAfter(after, step);
    if (keys.length > 0) found.push(...(await rowsOf(keys, count - found.length)));
    if (keys.length < step) break;
    after = keys.at(-1);
  }
  return found;
}

/**
 * A page of a list that is short enough to read as a whole.
 *
 * @param keyOf a row's unique name
 * @throws AppError USAGE for a cursor whose row is gone
 */
export function pageOf<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  { limit = defaultLimit, after }: PageRequest = {},
): Page<Row> {
  assertLimit(limit);
  const start = after === undefined ? 0 : rows.findIndex((row) => keyOf(row) === after) + 1;
  if (after !== undefined && start === 0) throw badCursor(after);
  const kept = rows.slice(start, start + limit);
  const last = kept.at(-1);
  return { rows: kept, next: last && start + limit < rows.length ? keyOf(last) : undefined };
}
