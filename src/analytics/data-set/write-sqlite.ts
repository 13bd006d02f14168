import { rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type DatabaseSync, openDatabase, storeError } from '../../database/driver.ts';
import { isSqliteFile } from '../../database/sqlite-file.ts';
import { AppError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { duckDbError, type DuckDb } from './duckdb.ts';
import { withTempFolder } from './temp-folder.ts';
import { allTables, type ColumnType, type DataSetTable, dataSetTableNames } from './tables.ts';
import { queryOf, type TableQueries } from './relations.ts';
import { type DataSetCounts, withRelations, type WriteDataSetOptions } from './write-data-set.ts';

export interface WriteSqliteOptions extends Pick<
  WriteDataSetOptions,
  'scans' | 'memoryMegabytes' | 'signal' | 'onProgress'
> {
  readonly file: string;
}

const sqliteTypes: Readonly<Record<ColumnType, string>> = {
  VARCHAR: 'TEXT',
  INTEGER: 'INTEGER',
  BIGINT: 'INTEGER',
  DOUBLE: 'REAL',
};

/** Rows per statement. */
const rowsPerInsert = 50;

/**
 * Writes the V1 data set of a store as a SQLite file with its six tables and nothing else. The
 * file is renamed into place when it is complete.
 *
 * @throws AppError USAGE if another database exists there, STORE_UNWRITABLE, STORE_FULL; the
 *   signal's reason
 */
export async function writeSqlite(
  store: Store,
  options: WriteSqliteOptions,
): Promise<DataSetCounts> {
  const file = resolve(options.file);
  assertReplaceable(file);
  return withTempFolder(dirname(file), async (tempFolder) => {
    const draft = join(tempFolder, basename(file));
    const read = { ...options, tempFolder, tables: dataSetTableNames };
    const counts = await withRelations(store, read, (duck, queries) =>
      fill(draft, duck, queries, options.signal),
    );
    options.signal?.throwIfAborted();
    await rename(draft, file);
    return counts;
  });
}

/** An older export may be replaced, but not a store or another program's database. */
function assertReplaceable(file: string): void {
  if (!isSqliteFile(file)) return;
  const db = openDatabase(file, { readOnly: true });
  try {
    const others = db
      .prepare(
        `SELECT count(*) AS count FROM sqlite_schema
         WHERE type = 'table' AND name NOT IN (SELECT value FROM json_each(?))`,
      )
      .get(JSON.stringify(dataSetTableNames));
    if (others?.['count'] === 0) return;
  } catch (error) {
    throw storeError(error, file);
  } finally {
    db.close();
  }
  throw new AppError(
    'USAGE',
    `${file} is a database with tables that an export does not have: name another file with -o`,
  );
}

async function fill(
  path: string,
  duck: DuckDb,
  queries: TableQueries,
  signal: AbortSignal | undefined,
): Promise<DataSetCounts> {
  const counts: Partial<Record<DataSetTable, number>> = {};
  const db = openDatabase(path);
  try {
    // Nothing reads the file before it is complete, and a crash leaves none.
    db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
    for (const table of dataSetTableNames) {
      db.exec(createTable(table));
      db.exec('BEGIN');
      counts[table] = await copyRows(db, duck, { table, query: queryOf(queries, table), signal });
      db.exec('COMMIT');
    }
    return counts;
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db.close();
  }
}

function createTable(table: DataSetTable): string {
  const columns = Object.entries(allTables[table]).map(
    ([name, type]) => `${name} ${sqliteTypes[type]}`,
  );
  return `CREATE TABLE ${table} (${columns.join(', ')})`;
}

async function copyRows(
  db: DatabaseSync,
  duck: DuckDb,
  { table, query, signal }: { table: DataSetTable; query: string; signal: AbortSignal | undefined },
): Promise<number> {
  const width = Object.keys(allTables[table]).length;
  const values = `(${Array(width).fill('?').join(', ')})`;
  const insert = (rows: number): string =>
    `INSERT INTO ${table} VALUES ${Array(rows).fill(values).join(', ')}`;
  const many = db.prepare(insert(rowsPerInsert));
  const one = db.prepare(insert(1));
  let count = 0;
  const columns = Object.entries(allTables[table]).map(([name, type]) =>
    // A BigInt per value is slower; an INTEGER column stores a whole double as an integer.
    type === 'BIGINT' ? `CAST(${name} AS DOUBLE)` : name,
  );
  const result = await duck.run(`SELECT ${columns.join(', ')} FROM (${query})`);
  for (;;) {
    signal?.throwIfAborted();
    const chunk = await result.fetchChunk().catch((error: unknown) => {
      throw duckDbError(error);
    });
    if (!chunk || chunk.rowCount === 0) return count;
    const rows = chunk.getRows().map((row) => row.map(sqliteValue));
    let at = 0;
    for (; at + rowsPerInsert <= rows.length; at += rowsPerInsert) {
      many.run(...rows.slice(at, at + rowsPerInsert).flat());
    }
    for (const row of rows.slice(at)) one.run(...row);
    count += rows.length;
  }
}

/** A query whose times are cast has only these types. */
function sqliteValue(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
