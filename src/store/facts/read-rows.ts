import type { ScanEvent } from '../../core/events.ts';
import { jobKey } from '../filter.ts';
import { and, identifier, join, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson } from '../tables.ts';
import { type Column, columnName, type Columns, type ColumnType, type Row } from './columns.ts';
import { addressOf, type AnyFact, type FactRow, type StoredScan } from './fact.ts';

/** Rows per query, which is what an export holds in memory. */
export const exportBatch = 5_000;

/** How a fact is read: its own rows, optionally joined with another table. */
export interface Readable<C extends Columns> extends Pick<AnyFact, 'key' | 'order' | 'table'> {
  readonly columns: C;
  readonly joined?: Joined;
}

/** A table joined to a fact's own, which has the alias `f`. */
interface Joined {
  /** Its alias in `join`. */
  readonly table: string;
  readonly fields: readonly string[];
  readonly join: Sql;
}

/** A fact's rows in a scan in key order, batch by batch. */
export async function* rowBatches<C extends Columns>(
  scan: StoredScan,
  fact: Readable<C>,
  { where, limit = exportBatch }: { readonly where?: Sql; readonly limit?: number } = {},
): AsyncGenerator<Row<C>[]> {
  const order = orderOf(fact);
  const place = join(order);
  const marks = order.map((column, i) => sql`${column} AS ${identifier(`mark${i}`)}`);
  let after: unknown[] | undefined;
  for (;;) {
    const found = await scan.db.query<FactRow>(sql`
      SELECT ${selectOf(fact)}, ${join(marks)} ${fromFact(fact)}
      WHERE f.job_id = ${jobKey(scan.db, scan.id)}
        AND ${and([where, after && sql`(${place}) > (${join(after)})`])}
      ORDER BY ${place} LIMIT ${limit}`);
    if (found.length > 0) yield decode(fact.columns, found);
    const last = found.at(-1);
    if (!last || found.length < limit) return;
    after = order.map((_, i) => last[`mark${i}`]);
  }
}

/** A fact's rows that match a condition on its table `f`, in key order. */
export async function readRows<C extends Columns>(
  db: StoreDatabase,
  fact: Readable<C>,
  where: Sql,
): Promise<Row<C>[]> {
  const found = await db.query<FactRow>(sql`
    SELECT ${selectOf(fact)} ${fromFact(fact)} WHERE ${where} ORDER BY ${join(orderOf(fact))}`);
  return decode(fact.columns, found);
}

/** One event per row of a fact. */
export async function* eventPerRow<C extends Columns>(
  scan: StoredScan,
  fact: Readable<C>,
  toEvent: (row: Row<C>) => ScanEvent,
): AsyncGenerator<ScanEvent> {
  for await (const rows of rowBatches(scan, fact)) {
    for (const row of rows) yield toEvent(row);
  }
}

/** One event per host, made of its few rows. */
export async function* eventPerHost<C extends Columns & { readonly addr: Column<string> }>(
  scan: StoredScan,
  fact: Readable<C>,
  toEvent: (first: Row<C>, rows: readonly Row<C>[]) => ScanEvent,
): AsyncGenerator<ScanEvent> {
  let group: [Row<C>, ...Row<C>[]] | undefined;
  for await (const rows of rowBatches(scan, fact)) {
    for (const row of rows) {
      if (group && addressOf(group[0]) === addressOf(row)) {
        group.push(row);
        continue;
      }
      if (group) yield toEvent(group[0], group);
      group = [row];
    }
  }
  if (group) yield toEvent(group[0], group);
}

function orderOf({ columns, key, order }: Readable<Columns>): Sql[] {
  const names = order ?? key.map((field) => columnName(columns, field));
  return names.map((name) => identifier(`f.${name}`));
}

/** Every field as `c0`, `c1`, …, because a field name may be an SQL keyword. */
function selectOf({ columns, joined }: Readable<Columns>): Sql {
  const isJoined = new Set(joined?.fields);
  const list = Object.keys(columns).map((field, i) => {
    const table = joined && isJoined.has(field) ? joined.table : 'f';
    const column = field === 'addr' ? 'h.address' : `${table}.${columnName(columns, field)}`;
    return sql`${identifier(column)} AS ${identifier(`c${i}`)}`;
  });
  return join(list);
}

function fromFact({ table, columns, joined }: Readable<Columns>): Sql {
  const hosts = 'addr' in columns ? sql`LEFT JOIN hosts h ON h.id = f.host_id` : sql``;
  return sql`FROM ${identifier(table)} f ${hosts} ${joined?.join ?? sql``}`;
}

function decode<C extends Columns>(columns: C, stored: readonly FactRow[]): Row<C>[] {
  const fields = Object.entries(columns).map(
    ([field, { type }], i) => [`c${i}`, field, type] as const,
  );
  return stored.map((from) => {
    const row: Record<string, unknown> = {};
    for (const [column, field, type] of fields) {
      const value = from[column] ?? undefined;
      if (value !== undefined) row[field] = decodeValue(type, value);
    }
    return row as Row<C>;
  });
}

/** SQLite stores JSON as text and booleans as numbers. */
function decodeValue(type: ColumnType, value: unknown): unknown {
  if (type === 'jsonb') return fromJson(value);
  return type === 'boolean' ? Boolean(value) : value;
}
