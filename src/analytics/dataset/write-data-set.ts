import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Store } from '../../store/store.ts';
import { everyJobId } from '../../store/export/events.ts';
import { type DuckDb, literal, openDuckDb } from './duckdb.ts';
import { guarded } from './formula-guard.ts';
import { readRelations, type TableProgress } from './relations.ts';
import { withStaging } from './temp-folder.ts';
import { allTables, dataSetTableNames, type QueryTable } from './tables.ts';

export const dataSetFormats = ['parquet', 'csv', 'jsonl', 'json'] as const;
export type DataSetFormat = (typeof dataSetFormats)[number];

export interface WriteDataSetOptions {
  /** The folder that the files go to; made where it is not there. */
  readonly folder: string;
  /** UUIDs of scans; all of the store by default. */
  readonly scans?: readonly string[];
  /** `parquet` by default. */
  readonly format?: DataSetFormat;
  /** Instead of one file a table, a folder of `month=2026-11` folders, by the scan's start. */
  readonly isPartitioned?: boolean;
  /** The six of the V1 data set by default. */
  readonly tables?: readonly QueryTable[];
  readonly memoryMegabytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: TableProgress;
}

/** Rows written, by table. */
export type DataSetCounts = Readonly<Partial<Record<QueryTable, number>>>;

/** What DuckDB may take by default while it writes; beside it Node.js takes about 150 MB. */
const writeMegabytes = 192;

const rowGroup = 262_144;

/**
 * Version 2: times and ids as differences, a third of the size. Level 1 takes a tenth less time. A
 * dictionary would be tried of the ids of ports, of which no two are alike: not for long.
 */
const compression =
  'COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 16384';

/** How each format is written by DuckDB. */
export const copyOptions: Readonly<Record<DataSetFormat, string>> = {
  parquet: `FORMAT parquet, ${compression}, ROW_GROUP_SIZE ${rowGroup}`,
  csv: 'FORMAT csv, HEADER true',
  jsonl: 'FORMAT json',
  json: 'FORMAT json, ARRAY true',
};

/**
 * Writes the V1 data set of a store into a folder: a file a table (`hosts.parquet`). The files are
 * written beside and renamed when all are complete, so that an export that fails, or is
 * interrupted, leaves the folder as it was. Other files in the folder stay.
 *
 * @throws AppError STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function writeDataSet(
  store: Store,
  options: WriteDataSetOptions,
): Promise<DataSetCounts> {
  const { tables = dataSetTableNames } = options;
  return intoFolder(options, (staging, folder) => {
    const isMonthNeeded = options.isPartitioned === true && !tables.includes('runs');
    const read = isMonthNeeded ? [...tables, 'runs' as const] : tables;
    return withRelations(store, { ...options, staging, tables: read }, (duck, all) =>
      copyTables(duck, all, { ...options, tables, folder }),
    );
  });
}

/**
 * Calls back to write tables into a folder beside their place, and moves them there when all are
 * complete.
 *
 * @param write gets a folder for files on the way, and the one to write to
 */
export async function intoFolder<T>(
  options: WriteDataSetOptions,
  write: (staging: string, out: string) => Promise<T>,
): Promise<T> {
  const { signal, tables = dataSetTableNames } = options;
  const folder = resolve(options.folder);
  return withStaging(folder, async (staging) => {
    const out = join(staging, 'out');
    await mkdir(out);
    const result = await write(staging, out);
    signal?.throwIfAborted();
    for (const name of placeNames(tables, options)) {
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
  /** For files on the way. */
  readonly staging: string;
  readonly tables: readonly QueryTable[];
}

/** Calls back with a DuckDB and a query for each table's rows; that of `ports` can run once. */
export async function withRelations<T>(
  store: Store,
  { staging, scans, tables, memoryMegabytes, signal, onProgress }: ReadOptions,
  body: (duck: DuckDb, queries: ReadonlyMap<QueryTable, string>) => Promise<T>,
): Promise<T> {
  const folder = join(staging, 'raw');
  await mkdir(folder);
  const ids = scans ?? (await Array.fromAsync(everyJobId(store.database)));
  await using duck = await openDuckDb({
    tempFolder: folder,
    memoryMegabytes: memoryMegabytes ?? writeMegabytes,
    ...(signal && { signal }),
  });
  using relations = await readRelations(store, duck, { ids, tables, folder, signal, onProgress });
  return await body(duck, relations.queries);
}

/** The file, or with months the folder, of each table. */
function placeNames(
  tables: readonly QueryTable[],
  { format = 'parquet', isPartitioned }: Pick<WriteDataSetOptions, 'format' | 'isPartitioned'>,
): string[] {
  return tables.map((table) => (isPartitioned ? table : `${table}.${format}`));
}

/** Writes each table as its files. */
export async function copyTables(
  duck: DuckDb,
  relations: ReadonlyMap<QueryTable, string>,
  options: WriteDataSetOptions & { tables: readonly QueryTable[] },
): Promise<DataSetCounts> {
  const { folder, tables, format = 'parquet', isPartitioned = false } = options;
  const counts: Partial<Record<QueryTable, number>> = {};
  for (const [i, name] of placeNames(tables, options).entries()) {
    const table = tables[i]!;
    const relation = relations.get(table)!;
    const plain = format === 'csv' ? withGuards(table, relation) : relation;
    const query = isPartitioned ? withMonth(table, plain, relations.get('runs')!) : plain;
    const place = literal(join(folder, name));
    const partition = isPartitioned ? ', PARTITION_BY (month)' : '';
    const [row] = await duck.rows<{ Count: number }>(
      `COPY (${query}) TO ${place} (${copyOptions[format]}${partition})`,
    );
    counts[table] = row?.Count ?? 0;
  }
  return counts;
}

/** Every table's first column begins with the id of its scan. */
function withMonth(table: QueryTable, relation: string, runs: string): string {
  const [id] = Object.keys(allTables[table]);
  return `SELECT t.*, r.month FROM (${relation}) t LEFT JOIN (
      SELECT run_id, strftime(make_timestamp(started_at * 1000), '%Y-%m') AS month FROM (${runs})
    ) r ON r.run_id = split_part(t.${id}, '/', 1)`;
}

/** Its texts as `csvLine` writes them. */
function withGuards(table: QueryTable, relation: string): string {
  const columns = Object.entries(allTables[table]).map(([column, type]) =>
    type === 'VARCHAR' ? guarded(column) : column,
  );
  return `SELECT ${columns.join(', ')} FROM (${relation})`;
}
