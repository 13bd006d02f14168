import { join } from 'node:path';
import { type DuckDb, duckValue, identifier, literal } from './duckdb.ts';
import type { ColumnType } from './tables.ts';

/** Rows and bytes of text held in memory before they are written to a file. */
const segmentRows = 262_144;
const segmentBytes = 16_000_000;

/** Appends rows for DuckDB: in memory while there are few, then in files. */
export interface RowAppender {
  /** Appends rows: arrays in column order. */
  append(rows: readonly (readonly unknown[])[]): Promise<void>;
  /** @returns the SQL after FROM that reads the rows in order */
  finish(): Promise<string>;
}

export interface AppenderOptions {
  /** A name that is unique in this DuckDB. */
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Where the files go. */
  readonly folder: string;
}

export async function openAppender(
  duck: DuckDb,
  { name, columns, folder }: AppenderOptions,
): Promise<RowAppender> {
  const api = await import('@duckdb/node-api');
  const { default: bindings } = await import('@duckdb/node-bindings');
  const types = Object.values(columns);
  const declared = Object.entries(columns).map(([column, type]) => `${identifier(column)} ${type}`);
  const chunk = api.DuckDBDataChunk.create(types.map((type) => api[type]));
  const chunkRows = bindings.vector_size();
  const files: string[] = [];
  let table = '';
  let rows = 0;
  let bytes = 0;
  let writing: Promise<unknown> = Promise.resolve();

  const begin = async (): Promise<void> => {
    table = `${name}_${files.length}`;
    rows = 0;
    bytes = 0;
    await duck.run(`CREATE TABLE ${identifier(table)} (${declared.join(', ')})`);
  };
  const flush = async (): Promise<void> => {
    const file = join(folder, `${table}.parquet`);
    files.push(file);
    const full = identifier(table);
    // One segment is written while the next one fills.
    await writing;
    writing = duck.runBeside(
      `COPY ${full} TO ${literal(file)} (FORMAT parquet); DROP TABLE ${full}`,
    );
    writing.catch(() => undefined);
    await begin();
  };
  await begin();
  return {
    async append(batch) {
      const appender = await duck.connection.createAppender(table);
      for (let from = 0; from < batch.length; from += chunkRows) {
        const part = batch.slice(from, from + chunkRows);
        chunk.rowCount = part.length;
        chunk.setColumns(types.map((type, i) => part.map((row) => duckValue(row[i], type))));
        appender.appendDataChunk(chunk);
      }
      appender.closeSync();
      rows += batch.length;
      for (const row of batch) bytes += textLength(row);
      if (rows >= segmentRows || bytes >= segmentBytes) await flush();
    },
    async finish() {
      await writing;
      if (files.length === 0) return identifier(table);
      if (rows > 0) await flush();
      await writing;
      return `read_parquet([${files.map(literal).join(', ')}])`;
    },
  };
}

function textLength(row: readonly unknown[]): number {
  let length = 0;
  for (const value of row) length += typeof value === 'string' ? value.length : 8;
  return length;
}
