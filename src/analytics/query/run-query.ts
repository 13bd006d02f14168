import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DuckDBResult } from '@duckdb/node-api';
import { AppError, systemCode } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { dataSetQuery, selectFiles } from '../data-set/data-set-files.ts';
import { type DuckDb, duckDbError, identifier, literal, openDuckDb } from '../data-set/duckdb.ts';
import type { TableProgress } from '../data-set/relations.ts';
import { type QueryTable, queryTableNames } from '../data-set/tables.ts';
import { copyOptions } from '../data-set/write-data-set.ts';
import { SqliteAttachments } from './attach-sqlite.ts';
import { type CheckedQuery, checkQuery } from './checked-query.ts';
import { cachedColumns } from './column-cache.ts';
import { readableFiles } from './readable-files.ts';
import { type Statement, withoutComments } from './statements.ts';

export interface QueryOptions {
  /**
   * Opens the store whose tables the query sees, if it names any; without it, the tables are those
   * of the data set in `folder`.
   */
  readonly openStore?: () => Promise<QueryStore>;
  /** The only folder in which the query may read files, those of column caches excepted. */
  readonly folder: string;
  readonly memoryMegabytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** Reports the progress of reading the store's tables. */
  readonly onReading?: TableProgress | undefined;
}

interface QueryStore {
  readonly store: Store;
  /** Where its tables are cached. */
  readonly cacheFolder: string;
}

/** The rows of one statement, streamed. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<Readonly<Record<string, unknown>>>;
}

/** DuckDB's memory by default. */
const queryMegabytes = 1024;

/**
 * Runs the statements of a query over a store, or over a data set in a folder. They can only read:
 * no file is written, none outside the folder is read, nothing is loaded.
 *
 * @param options.parquetFile a new file for the rows, instead of `consume`
 * @throws AppError INVALID_INPUT with what DuckDB says; LIMIT_EXCEEDED; the signal's reason
 */
export async function runQuery(
  statements: readonly Statement[],
  options: QueryOptions & { readonly parquetFile?: string },
  consume: (result: QueryResult) => Promise<void>,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'portolan-query-'));
  await chmod(scratch, 0o700);
  try {
    await using duck = await openDuckDb({
      tempFolder: scratch,
      memoryMegabytes: options.memoryMegabytes ?? queryMegabytes,
      signal: options.signal,
    });
    const steps = await checkStatements(duck, statements);
    const allowed = await defineTables(duck, steps, options);
    const named = steps.flatMap((step) => (step.kind === 'query' ? step.files : []));
    allowed.push(...(await readableFiles(duck, named, options.folder)));
    if (options.parquetFile !== undefined) allowed.push(options.parquetFile);
    await lock(duck, allowed);
    using attachments = new SqliteAttachments(duck);
    for (const step of steps) {
      if (step.kind === 'attach') {
        await attachments.attach(step.path, step.name, options.folder);
      } else if (step.kind === 'detach') await attachments.detach(step.name);
      else await runOne(duck, step.text, { ...options, consume });
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runOne(
  duck: DuckDb,
  text: string,
  target: { parquetFile?: string; consume: (result: QueryResult) => Promise<void> },
): Promise<void> {
  const { parquetFile, consume } = target;
  if (parquetFile === undefined) return consume(resultOf(await duck.run(text)));
  // Parsed as one SELECT, it cannot close the parenthesis.
  await duck.rows(`COPY (${text}\n) TO ${literal(parquetFile)} (${copyOptions.parquet})`);
}

type Step = Exclude<Statement, { kind: 'query' }> | ({ kind: 'query' } & CheckedQuery);

async function checkStatements(duck: DuckDb, statements: readonly Statement[]): Promise<Step[]> {
  const steps: Step[] = [];
  for (const statement of statements) {
    if (statement.kind !== 'query') steps.push(statement);
    else steps.push({ kind: 'query', ...(await checkQuery(duck, statement.text)) });
  }
  return steps;
}

/** After this, no other file can be read and no setting changed. */
async function lock(duck: DuckDb, files: readonly string[]): Promise<void> {
  await duck.run(`SET allowed_paths = [${files.map(literal).join(', ')}]`);
  await duck.run('SET enable_external_access = false; SET lock_configuration = true');
}

/** Defines views of what the statements name. @returns the files that these read */
async function defineTables(
  duck: DuckDb,
  statements: readonly Step[],
  { openStore, folder, signal, onReading }: QueryOptions,
): Promise<string[]> {
  const text = statements.map((each) => ('text' in each ? each.text : '')).join('\n');
  const files = await defineFiles(duck, text, folder);
  const tables = namedTables(text);
  if (tables.length === 0) return files;
  if (!openStore) {
    for (const table of tables) {
      const query = await dataSetQuery(folder, table);
      if (query !== undefined) files.push(...(await defineFileView(duck, table, query, folder)));
    }
    return files;
  }
  const { store, cacheFolder } = await openStore();
  const columns = await cachedColumns(store, {
    folder: cacheFolder,
    tables,
    signal,
    onReading,
  });
  for (const table of tables) {
    const packs = columns.get(table) ?? [];
    await defineView(duck, table, selectFiles(table, packs));
    files.push(...packs);
  }
  return files;
}

/** Defines views of files by their names, which DuckDB would look up in the current folder. */
async function defineFiles(duck: DuckDb, text: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  if (resolve(folder) === process.cwd()) return files;
  for (const name of await namesIn(folder)) {
    if (!/\.(parquet|csv|json|jsonl|ndjson)$/.test(name) || !text.includes(name)) continue;
    const query = `SELECT * FROM ${literal(join(folder, name))}`;
    files.push(...(await defineFileView(duck, name, query, folder)));
  }
  return files;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new AppError('NO_INPUT', `${folder} cannot be read (${systemCode(error)})`, {
      cause: error,
    });
  }
}

/** @returns the files of the view that may be read */
async function defineFileView(
  duck: DuckDb,
  name: string,
  query: string,
  folder: string,
): Promise<string[]> {
  await defineView(duck, name, query);
  return readableFiles(duck, (await checkQuery(duck, query)).files, folder);
}

async function defineView(duck: DuckDb, name: string, query: string): Promise<void> {
  await duck.run(`CREATE VIEW ${identifier(name)} AS ${query}`);
}

/** Tables that a text may refer to: whole names outside strings and comments. */
function namedTables(text: string): QueryTable[] {
  const words = withoutComments(text).replaceAll(/'(?:[^']|'')*'/g, ' ');
  return queryTableNames.filter((name) =>
    new RegExp(`(?<![.\\w])(main\\.)?"?${name}\\b`, 'i').test(words),
  );
}

function resultOf(result: DuckDBResult): QueryResult {
  const columns = result.deduplicatedColumnNames();
  return {
    columns,
    rows: (async function* rows() {
      try {
        for await (const batch of result.yieldRowsJs()) {
          for (const row of batch) {
            yield Object.fromEntries(columns.map((name, i) => [name, plain(row[i])]));
          }
        }
      } catch (error) {
        throw duckDbError(error);
      }
    })(),
  };
}

/** Converts a DuckDB value for JSON: large integers as text, times as ISO 8601. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
