import type { Transport } from '../../core/states.ts';
import { identifier, join, type Sql, sql } from '../sql.ts';

/** Column types, by their PostgreSQL names. */
export type ColumnType =
  | 'bigint'
  | 'boolean'
  | 'bytea'
  | 'double precision'
  | 'inet'
  | 'integer'
  | 'jsonb'
  | 'smallint'
  | 'text'
  | 'timestamptz'
  | 'uuid';

declare const value: unique symbol;

/** A column of a fact's table; its values are of type `Value`. */
export interface Column<Value> {
  readonly type: ColumnType;
  /** Its name in the table, if it differs from the field's. */
  readonly name?: string;
  readonly [value]?: Value;
}

/** Columns by field name. */
export type Columns = Readonly<Record<string, Column<unknown>>>;

type ValueOf<C> = C extends Column<infer Value> ? Value : never;
type OptionalField<C> = {
  [F in keyof C]: undefined extends ValueOf<C[F]> ? F : never;
}[keyof C];

/** A row, as written and as read. NULL is a missing field. */
export type Row<C> = {
  readonly [F in Exclude<keyof C, OptionalField<C>>]: ValueOf<C[F]>;
} & { readonly [F in OptionalField<C>]?: ValueOf<C[F]> };

export const text: Column<string> = { type: 'text' };
export const integer: Column<number> = { type: 'integer' };
export const bigint: Column<number> = { type: 'bigint' };
export const double: Column<number> = { type: 'double precision' };
/** 0 or 1, as in the V1 data set. */
export const bit: Column<0 | 1> = { type: 'smallint' };
export const boolean: Column<boolean> = { type: 'boolean' };
export const bytes: Column<Uint8Array> = { type: 'bytea' };
/** Epoch ms. */
export const time: Column<number> = { type: 'timestamptz' };

/** Text from a fixed list of words. */
export function word<Word extends string>(): Column<Word> {
  return { type: 'text' };
}

export function json<Value>(): Column<Value> {
  return { type: 'jsonb' };
}

/** A nullable column. */
export function optional<Value>(column: Column<Value>): Column<Value | undefined> {
  return column;
}

/** A column with a name other than the field's. */
export function named<Value>(name: string, column: Column<Value>): Column<Value> {
  return { ...column, name };
}

/** The host: its address in rows, its key in the table. */
export const host: Column<string> = { type: 'uuid', name: 'host_id' };

/** For facts about a port of a host. */
export const ofPort = { addr: host, transport: word<Transport>(), port: integer };

/** The column name of a field. */
export function columnName(columns: Columns, field: string): string {
  return columns[field]?.name ?? field;
}

/**
 * A SELECT list that names each column after its field.
 *
 * @param table alias of the fact's table in the query
 */
export function selectFields(columns: Columns, table: string, fields: readonly string[]): Sql {
  const list = fields.map((field) => {
    const column = identifier(`${table}.${columnName(columns, field)}`);
    return sql`${column} AS ${identifier(field)}`;
  });
  return join(list);
}
