import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { literal } from './duckdb.ts';
import { unguarded } from './formula-guard-sql.ts';
import { allTables, type QueryTable } from './tables.ts';

/**
 * A query for the rows of a table in a folder that `writeDataSet` wrote, in any of its formats;
 * undefined if the table is missing.
 */
export async function dataSetQuery(folder: string, table: QueryTable): Promise<string | undefined> {
  const files = await parquetFiles(folder, table);
  if (files) return selectFiles(table, files);
  const types = Object.entries(allTables[table]);
  const columns = `columns = {${types.map(([name, type]) => `${name}: '${type}'`).join(', ')}}`;
  const csv = join(folder, `${table}.csv`);
  if (existsSync(csv)) {
    const names = types.map(([name, type]) => (type === 'VARCHAR' ? unguarded(name) : name));
    return `SELECT ${names.join(', ')} FROM read_csv(${literal(csv)}, header = true,
      auto_detect = false, allow_quoted_nulls = false, ${columns})`;
  }
  for (const [suffix, format] of [
    ['jsonl', 'newline_delimited'],
    ['json', 'array'],
  ] as const) {
    const file = join(folder, `${table}.${suffix}`);
    if (existsSync(file)) {
      return `SELECT * FROM read_json(${literal(file)}, format = '${format}', ${columns})`;
    }
  }
  return undefined;
}

async function parquetFiles(
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

/** A query for the rows of a table in Parquet files; `month` is a column if they have it. */
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
