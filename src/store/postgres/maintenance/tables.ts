import { entryOf } from '../../../core/entry.ts';
import type pg from 'pg';
import { inOrderOfReferences } from '../../maintenance/transfer.ts';

/** A table of the store; a partitioned table counts as one. */
export interface PostgresTable {
  /** Quoted for SQL, with its schema unless that is `public`. */
  readonly name: string;
  readonly columns: readonly PostgresColumn[];
  readonly references: ReadonlySet<string>;
}

export interface PostgresColumn {
  readonly name: string;
  readonly type: string;
  /** Whether it is an identity column. */
  readonly isIdentity: boolean;
}

/** Schemas that others create, or that are derived from the tables. */
const foreignSchemas = ['pg_catalog', 'information_schema', 'graphile_worker'];

const queryTables = `
  SELECT c.oid::regclass::text AS name,
    array(SELECT DISTINCT f.confrelid::regclass::text FROM pg_constraint f
      WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid) AS parents,
    (SELECT json_agg(json_build_object('name', a.attname,
        'type', format_type(a.atttypid, NULL), 'isIdentity', a.attidentity <> '')
        ORDER BY a.attnum)
      FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
      AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname <> ALL ($1) AND n.nspname NOT LIKE 'pg\\_%'
    AND c.relname <> 'migrations'`;

/** Every table with the store's own rows, referenced tables first. */
export async function postgresTables(client: pg.ClientBase): Promise<readonly PostgresTable[]> {
  const { rows } = await client.query<{
    name: string;
    parents: string;
    columns: PostgresColumn[];
  }>(queryTables, [foreignSchemas]);
  const tables = new Map(
    rows.map(({ name, parents, columns }) => {
      const references = new Set(arrayOf(parents));
      return [name, { name, columns, references } satisfies PostgresTable];
    }),
  );
  const order = inOrderOfReferences(
    new Map([...tables].map(([name, { references }]) => [name, references])),
  );
  return order.map((name) => entryOf(tables, name));
}

/** Parses an array, which the connection returns as text: `{hosts,scan_jobs}`. */
function arrayOf(text: string): string[] {
  return text.slice(1, -1).split(',').filter(Boolean);
}

/** Quotes any name for SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A comma-separated list of quoted columns. */
export function columnList(columns: readonly PostgresColumn[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ');
}
