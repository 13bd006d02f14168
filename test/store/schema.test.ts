import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type Row, storeKinds, type TestStore } from './stores.ts';

/** Where what the migrations make is written down, to be read and compared. */
const dumps = join(import.meta.dirname, '../../sql/schema');

/** Columns by table, of tables that hold data. */
type Tables = Record<string, string[]>;

async function sqliteDump({ rows }: TestStore): Promise<string> {
  const made = await rows(
    `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
     ORDER BY tbl_name, type DESC, name`,
  );
  return made.map(({ sql }) => `${String(sql)};\n`).join('\n');
}

async function sqliteTables({ rows }: TestStore): Promise<Tables> {
  return grouped(
    await rows(`SELECT t.name AS "table", c.name AS "column"
      FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
      WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`),
  );
}

/** The same on every version of the server: names, types, constraints, indexes, policies. */
async function postgresDump(db: string): Promise<string> {
  const client = new pg.Client({ connectionString: db });
  await client.connect();
  const lines = async (query: string): Promise<string[]> =>
    (await client.query<{ line: string }>(query)).rows.map(({ line }) => line);
  try {
    await client.query('SET search_path = public');
    const columns = await lines(`SELECT format('%s.%I %s%s%s', a.attrelid::regclass, a.attname,
        format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
        coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition
        AND c.relkind IN ('r', 'p', 'v', 'm')
        AND c.relnamespace::regnamespace::text IN ('public', 'portolan_private')
      ORDER BY c.relkind IN ('v', 'm'), a.attrelid::regclass::text, a.attnum`);
    const constraints = await lines(`SELECT format('%s %s %s', c.conrelid::regclass, c.conname,
        pg_get_constraintdef(c.oid)) AS line
      FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
      WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f', 'c')
        AND NOT t.relispartition AND c.conparentid = 0 ORDER BY 1`);
    const indexes = await lines(`SELECT pg_get_indexdef(i.indexrelid) AS line
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace::regnamespace::text IN ('public', 'portolan_private')
        AND NOT c.relispartition AND NOT i.indisprimary ORDER BY 1`);
    const policies = await lines(`SELECT format('%s %s %s %s', p.polrelid::regclass, p.polname,
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        pg_get_expr(p.polqual, p.polrelid)) AS line
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
      WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1`);
    const triggers = await lines(`SELECT pg_get_triggerdef(t.oid) AS line FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'public'::regnamespace
      WHERE NOT t.tgisinternal AND t.tgparentid = 0 ORDER BY 1`);
    const parts = { columns, constraints, indexes, policies, triggers };
    return Object.entries(parts)
      .map(([title, list]) => `-- ${title}\n${list.join('\n')}\n`)
      .join('\n');
  } finally {
    await client.end();
  }
}

async function postgresTables({ rows }: TestStore): Promise<Tables> {
  return grouped(
    await rows(`SELECT c.relname AS table, a.attname AS column
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped`),
  );
}

function grouped(rows: readonly Row[]): Tables {
  const tables: Tables = {};
  for (const { table, column } of rows) (tables[String(table)] ??= []).push(String(column));
  return tables;
}

/**
 * What differs by nature: SQLite has integers for the ids of tenants, jobs and hosts, with their
 * UUIDs beside them, and bytes that sort as addresses; PostgreSQL has the tenant in every row.
 */
function comparable(tables: Tables): Tables {
  const onlyOne = new Set(['uuid', 'address_key', 'tenant_id']);
  return Object.fromEntries(
    Object.entries(tables)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([table, columns]) => [table, columns.filter((c) => !onlyOne.has(c)).toSorted()]),
  );
}

test('both stores have the same tables with the same columns', async () => {
  const described = await Promise.all(
    storeKinds.map(async (kind) => {
      await using opened = await kind.newStore();
      return comparable(await (kind.kind === 'sqlite' ? sqliteTables : postgresTables)(opened));
    }),
  );
  const [sqlite, ...others] = described;
  expect(Object.keys(sqlite!).length).toBeGreaterThan(15);
  for (const other of others) expect(other).toEqual(sqlite);
});

describe.each(storeKinds)('the schema on $name', ({ kind, newStore }) => {
  test('is the one that is written down', async () => {
    await using opened = await newStore();
    const dump = kind === 'sqlite' ? await sqliteDump(opened) : await postgresDump(opened.db);
    await expect(dump).toMatchFileSnapshot(join(dumps, `${kind}.txt`));
  });
});
