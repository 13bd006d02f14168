import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import { type DatabaseSync, openDatabase, storeError } from '../../database/driver.ts';
import { isSqliteFile } from '../../database/sqlite-file.ts';
import { AppError, systemCode } from '../../errors.ts';
import { type DuckDb, duckValue, identifier } from '../data-set/duckdb.ts';
import type { ColumnType } from '../data-set/tables.ts';
import { isInside } from './readable-files.ts';

interface AttachedTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
}

/**
 * Attaches SQLite files to DuckDB without its SQLite extension: each table and view becomes a view
 * over a read-only table function that reads the needed columns row by row.
 */
export class SqliteAttachments implements Disposable {
  private readonly duck: DuckDb;
  private readonly open = new Map<string, DatabaseSync>();
  private count = 0;

  constructor(duck: DuckDb) {
    this.duck = duck;
  }

  /**
   * @param path relative to `folder`; must be inside it after following links
   * @throws AppError NO_INPUT, INVALID_INPUT if it is not a SQLite file
   */
  async attach(path: string, name: string, folder: string): Promise<void> {
    const file = fileInside(path, folder);
    assertSqlite(file);
    if (this.open.has(name)) {
      throw new AppError('INVALID_INPUT', `"${name}" is already attached: DETACH it first`);
    }
    const db = openDatabase(file, { readOnly: true });
    this.open.set(name, db);
    try {
      await this.duck.run(`ATTACH ':memory:' AS ${identifier(name)}`);
      for (const table of tablesOf(db)) {
        const reader = `attached_${this.count++}`;
        await registerTable(this.duck, db, reader, table);
        await this.duck.run(
          `CREATE VIEW ${identifier(name)}.${identifier(table.name)} AS SELECT * FROM ${reader}()`,
        );
      }
    } catch (error) {
      throw storeError(error, file);
    }
  }

  /** @throws AppError INVALID_INPUT if nothing is attached under the name */
  async detach(name: string): Promise<void> {
    const db = this.open.get(name);
    if (!db) throw new AppError('INVALID_INPUT', `nothing is attached as "${name}"`);
    await this.duck.run(`DETACH ${identifier(name)}`);
    this.open.delete(name);
    db.close();
  }

  [Symbol.dispose](): void {
    for (const db of this.open.values()) db.close();
    this.open.clear();
  }
}

function fileInside(path: string, folder: string): string {
  try {
    const [file, root] = [realpathSync(resolve(folder, path)), realpathSync(folder)];
    if (isInside(file, root)) return file;
  } catch (error) {
    throw new AppError('NO_INPUT', `${path} cannot be read (${systemCode(error)})`, {
      cause: error,
    });
  }
  throw new AppError(
    'INVALID_INPUT',
    `${path} is outside ${folder}: queries can only read files inside it (choose another with --from)`,
  );
}

function assertSqlite(file: string): void {
  if (isSqliteFile(file)) return;
  throw new AppError('INVALID_INPUT', `${file} is not a SQLite file; only those can be attached`);
}

function tablesOf(db: DatabaseSync): AttachedTable[] {
  const names = db
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'
       ORDER BY name`,
    )
    .all()
    .map(({ name }) => String(name));
  const info = db.prepare('SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1');
  return names.map((name) => ({
    name,
    columns: info.all(name).map((column) => ({
      name: String(column['name']),
      type: columnType(String(column['type'])),
    })),
  }));
}

/** By SQLite's rules of affinity. */
function columnType(declared: string): ColumnType {
  if (/int/i.test(declared)) return 'BIGINT';
  if (/real|floa|doub/i.test(declared)) return 'DOUBLE';
  return 'VARCHAR';
}

/** A query's pass over a table. */
interface TableScan {
  readonly types: readonly ColumnType[];
  readonly rows: Iterator<unknown[]>;
}

/** Maximum rows per chunk. */
const chunkRows = 2048;

async function registerTable(
  { connection }: DuckDb,
  db: DatabaseSync,
  reader: string,
  table: AttachedTable,
): Promise<void> {
  const api = await import('@duckdb/node-api');
  const scans: TableScan[] = [];
  const reading = api.DuckDBTableFunction.create({
    name: reader,
    supportsProjectionPushdown: true,
    bindFunction: (bind) => {
      for (const { name, type } of table.columns) bind.addResultColumn(name, api[type]);
    },
    initFunction: (init) => {
      init.setMaxThreads(1);
      const scan = scanTable(db, table, init.getColumnIndexes());
      init.setInitData({ index: scans.push(scan) - 1 });
    },
    mainFunction: (info, chunk) => {
      const data = info.getInitData();
      const scan = data && 'index' in data ? scans[Number(data.index)] : undefined;
      if (scan) fillChunk(chunk, scan);
    },
  });
  connection.registerTableFunction(reading);
}

function scanTable(
  db: DatabaseSync,
  { name, columns }: AttachedTable,
  indexes: readonly number[],
): TableScan {
  // count(*) needs no column, so read any one.
  const wanted = indexes.flatMap((index) => columns[index] ?? []);
  const list = wanted.map(valueOf).join(', ') || 'NULL';
  const statement = db.prepare(`SELECT ${list} FROM ${identifier(name)}`);
  statement.setReturnArrays(true);
  // Integers from 2^53 up cannot be read as numbers.
  statement.setReadBigInts(true);
  return { types: wanted.map(({ type }) => type), rows: statement.iterate<unknown[]>() };
}

function fillChunk(chunk: DuckDBDataChunk, { types, rows }: TableScan): void {
  const columns: DuckDBValue[][] = types.map(() => []);
  let count = 0;
  for (; count < chunkRows; count++) {
    const { done, value } = rows.next();
    if (done) break;
    for (const [i, type] of types.entries()) columns[i]?.push(duckValue(value[i], type));
  }
  chunk.rowCount = count;
  if (count > 0) for (const [i, values] of columns.entries()) chunk.setColumnValues(i, values);
}

/** A value stored with another type than declared is NULL in a numeric column, text in others. */
function valueOf({ name, type }: AttachedTable['columns'][number]): string {
  const column = identifier(name);
  if (type === 'VARCHAR') return `CAST(${column} AS TEXT)`;
  return `CASE WHEN typeof(${column}) IN ('integer', 'real') THEN ${column} END`;
}
