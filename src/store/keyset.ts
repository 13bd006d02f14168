import { AppError } from '../errors.ts';

/** Rows a page has where no number is asked for, and the most that one may ask for. */
const defaultLimit = 1000;
const maxLimit = 10_000;

export interface PageRequest {
  /** 1 … 10,000. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** Pages go by key, not by number: rows that come or go between two pages shift nothing. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

/** The number of rows of a page. */
export function pageLimit(limit = defaultLimit): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new AppError('USAGE', `a page has 1 to ${maxLimit} rows, not ${limit}`);
}

/** A page of rows that were read with one more than the limit, which tells whether more follow. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
): Page<Row> {
  if (rows.length <= limit) return { rows, next: undefined };
  const kept = rows.slice(0, limit);
  return { rows: kept, next: cursorOf(kept.at(-1)!) };
}

/** Every row of a list, page by page: memory holds one page. */
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

/** How many keys are looked at in one step at most. */
const widestStep = 10_000;

/**
 * The first rows of a list of keys, some keys at a time until there are enough rows: what lies in
 * many parts is then read for these keys and no others.
 *
 * @param keysAfter the next keys, at most so many, behind one or from the beginning
 * @param rowsOf the rows of keys in their order, at most so many
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

/** A row's key as opaque text. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

interface Types {
  string: string;
  number: number;
}

/**
 * The key that {@link encodeCursor} made a text of.
 *
 * @throws AppError USAGE where it is no cursor of this list
 */
export function decodeCursor<const T extends readonly (keyof Types)[]>(
  cursor: string,
  types: T,
): { -readonly [I in keyof T]: Types[T[I]] } {
  const key = parse(cursor);
  if (
    Array.isArray(key) &&
    key.length === types.length &&
    types.every((type, i) => typeof key[i] === type)
  ) {
    return key as unknown as { -readonly [I in keyof T]: Types[T[I]] };
  }
  throw new AppError('USAGE', `"${cursor}" is no page of this list: begin without one`);
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
