import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { literal } from './duckdb.ts';
import { allTables, type QueryTable } from './tables.ts';

/** The Parquet files of a table in a folder that `writeDataSet` wrote; undefined without any. */
export async function dataSetFiles(
  folder: string,
  table: QueryTable,
): Promise<readonly string[] | undefined> {
  const file = join(folder, `${table}.parquet`);
  if (existsSync(file)) return [file];
  const months = join(folder, table);
  if (!existsSync(months)) return undefined;
  const names = await readdir(months, { recursive: true });
  return names.filter((name) => name.endsWith('.parquet')).map((name) => join(months, name));
}

/** A query for the rows of a table in Parquet files; `month` is a column where they have it. */
export function selectFiles(table: QueryTable, files: readonly string[]): string {
  const columns = Object.entries(allTables[table]);
  if (files.length === 0) {
    const nothing = columns.map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`);
    return `SELECT ${nothing.join(', ')} WHERE false`;
  }
  const isPartitioned = files.every((file) => /[\\/]month=[^\\/]*[\\/][^\\/]*$/.test(file));
  return `SELECT * FROM read_parquet([${files.map(literal).join(', ')}],
    hive_partitioning = ${isPartitioned}, hive_types_autocast = false)`;
}
