import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Store } from '../../store/store.ts';
import { everyJobId } from '../../store/export/events.ts';
import { type DuckDb, literal, openDuckDb } from './duckdb.ts';
import { guarded } from './formula-guard-sql.ts';
import { queryOf, readRelations, type TableProgress, type TableQueries } from './relations.ts';
import { withTempFolder } from './temp-folder.ts';
import { allTables, dataSetTableNames, type QueryTable } from './tables.ts';

const dataSetFormats = ['parquet', 'csv', 'jsonl', 'json'] as const;
export type DataSetFormat = (typeof dataSetFormats)[number];

export interface WriteDataSetOptions {
  /** The target folder; created if missing. */
  readonly folder: string;
  /** UUIDs of scans; all of the store by default. */
  readonly scans?: readonly string[];
  /** `parquet` by default. */
  readonly format?: DataSetFormat;
  /**
   * Whether to write one folder per table with `month=2026-11` subfolders, by the scan's start,
   * instead of one file.
   */
  readonly isPartitioned?: boolean;
  /** By default the six of the V1 data set. */
  readonly tables?: readonly QueryTable[];
  readonly memoryMegabytes?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: TableProgress | undefined;
}

/** Rows written, by table. */
export type DataSetCounts = Readonly<Partial<Record<QueryTable, number>>>;

/** DuckDB's memory while it writes; Node.js takes about 150 MB in addition. */
const writeMegabytes = 192;

const rowGroup = 262_144;

/**
 * Version 2 stores times and ids as differences, a third of the size. Level 1 takes a tenth less
 * time. The small dictionary limit gives up early on port ids, which are all distinct.
 */
const compression =
  'COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 16384';

/** DuckDB's COPY options of each format. */
export const copyOptions: Readonly<Record<DataSetFormat, string>> = {
  parquet: `FORMAT parquet, ${compression}, ROW_GROUP_SIZE ${rowGroup}`,
  csv: 'FORMAT csv, HEADER true',
  jsonl: 'FORMAT json',
  json: 'FORMAT json, ARRAY true',
};

/**
 * Writes the V1 data set of a store into a folder, one file per table (`hosts.parquet`). The files
 * are renamed into place when all are complete: an export that fails or is interrupted leaves the
 * folder as it was. Other files in the folder stay.
 *
 * @throws AppError STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function writeDataSet(
  store: Store,
  options: WriteDataSetOptions,
): Promise<DataSetCounts> {
  const { tables = dataSetTableNames } = options;
  return intoFolder(options, (tempFolder, folder) => {
    const isMonthNeeded = options.isPartitioned === true && !tables.includes('runs');
    const read = isMonthNeeded ? [...tables, 'runs' as const] : tables;
    return withRelations(store, { ...options, tempFolder, tables: read }, (duck, all) =>
      copyTables(duck, all, { ...options, tables, folder }),
    );
  });
}

/**
 * Lets `write` write tables into a temporary folder, and moves them into place when all are complete.
 *
 * @param write receives a folder for intermediate files and the one to write to
 */
export async function intoFolder<T>(
  options: WriteDataSetOptions,
  write: (tempFolder: string, out: string) => Promise<T>,
): Promise<T> {
  const { signal, tables = dataSetTableNames } = options;
  const folder = resolve(options.folder);
  return withTempFolder(folder, async (tempFolder) => {
    const out = join(tempFolder, 'out');
    await mkdir(out);
    const result = await write(tempFolder, out);
    signal?.throwIfAborted();
    for (const table of tables) {
      const name = placeName(table, options);
      await rm(join(folder, name), { recursive: true, force: true });
      if (existsSync(join(out, name))) await rename(join(out, name), join(folder, name));
    }
    return result;
  });
}

export interface ReadOptions extends Pick<
  WriteDataSetOptions,
  'scans' | 'memoryMegabytes' | 'signal' | 'onProgress'
> {
  /** For intermediate files. */
  readonly tempFolder: string;
  readonly tables: readonly QueryTable[];
}

/** Opens a DuckDB with a query for each table's rows. The query of `ports` can run only once. */
export async function withRelations<T>(
  store: Store,
  { tempFolder, scans, tables, memoryMegabytes, signal, onProgress }: ReadOptions,
  body: (duck: DuckDb, queries: TableQueries) => Promise<T>,
): Promise<T> {
  const folder = join(tempFolder, 'raw');
  await mkdir(folder);
  const ids = scans ?? (await Array.fromAsync(everyJobId(store.database)));
  await using duck = await openDuckDb({
    tempFolder: folder,
    memoryMegabytes: memoryMegabytes ?? writeMegabytes,
    signal,
  });
  using relations = await readRelations(store, duck, { ids, tables, folder, signal, onProgress });
  return await body(duck, relations.queries);
}

/** The file of a table or, partitioned by month, its folder. */
function placeName(
  table: QueryTable,
  { format = 'parquet', isPartitioned }: Pick<WriteDataSetOptions, 'format' | 'isPartitioned'>,
): string {
  return isPartitioned ? table : `${table}.${format}`;
}

/** Writes each table to its path. */
export async function copyTables(
  duck: DuckDb,
  queries: TableQueries,
  options: WriteDataSetOptions & { tables: readonly QueryTable[] },
): Promise<DataSetCounts> {
  const { folder, tables, format = 'parquet', isPartitioned = false } = options;
  const counts: Partial<Record<QueryTable, number>> = {};
  for (const table of tables) {
    const relation = queryOf(queries, table);
    const plain = format === 'csv' ? withGuards(table, relation) : relation;
    const query = isPartitioned ? withMonth(table, plain, queryOf(queries, 'runs')) : plain;
    const place = literal(join(folder, placeName(table, options)));
    const partition = isPartitioned ? ', PARTITION_BY (month)' : '';
    const { Count } = await duck.row<{ Count: number }>(
      `COPY (${query}) TO ${place} (${copyOptions[format]}${partition})`,
    );
    counts[table] = Count;
  }
  return counts;
}

/** The first column of every table begins with the id of its scan. */
function withMonth(table: QueryTable, relation: string, runs: string): string {
  const [id] = Object.keys(allTables[table]);
  return `SELECT t.*, r.month FROM (${relation}) t LEFT JOIN (
      SELECT run_id, strftime(make_timestamp(started_at * 1000), '%Y-%m') AS month FROM (${runs})
    ) r ON r.run_id = split_part(t.${id}, '/', 1)`;
}

/** Formats texts like `csvLine`. */
function withGuards(table: QueryTable, relation: string): string {
  const columns = Object.entries(allTables[table]).map(([column, type]) =>
    type === 'VARCHAR' ? guarded(column) : column,
  );
  return `SELECT ${columns.join(', ')} FROM (${relation})`;
}
