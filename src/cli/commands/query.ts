import { access, constants, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { cacheFolderOf } from '../../analytics/query/column-cache.ts';
import { listSavedQueries, readSavedQuery } from '../../analytics/query/saved-queries.ts';
import { type QueryOptions, type QueryResult, runQuery } from '../../analytics/query/run-query.ts';
import { parseStatements, type Statement } from '../../analytics/query/statements.ts';
import type { App } from '../../app.ts';
import { readConfig } from '../../config.ts';
import { AppError, systemCode } from '../../errors.ts';
import { type Io, write } from '../io.ts';
import {
  addOutputOptions,
  assertNoDatabase,
  formatOf,
  type OutputOptions,
  writeRows,
} from '../output.ts';
import { positiveOption } from '../option-values.ts';
import { progressLine } from '../progress.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { formatDuration } from '../../core/duration.ts';
import { number } from '../../core/quantity.ts';

type Options = OutputOptions &
  StoreOptions & {
    readonly file?: string;
    readonly from?: string;
    readonly list?: boolean;
    readonly memory: number;
    readonly timeout: number;
    readonly cache?: string;
  };

export function define(command: Command): void {
  command
    .argument('[sql]', 'SQL, the name of a saved query, or - for stdin')
    .option('--file <file>', 'read the SQL from a file')
    .option('--from <folder>', 'query a folder of tables that "export" wrote, not the store')
    .option('--list', 'list the saved queries')
    .option('--memory <MB>', 'memory limit of the query', positiveOption, 1024)
    .option('--timeout <seconds>', 'time limit of the query', positiveOption, 300)
    .option('--cache <folder>', 'folder of the column cache (default: beside the store)');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Tables: runs, hosts, ports, banners, http_endpoints, errors (results per scan), services,
tls_handshakes, certificates, inventory_hosts, inventory_ports (what is known now). Files in the
current folder can be queried: FROM 'hosts.parquet'. The SQL is DuckDB's, and read-only. Columns are
cached as Parquet in a folder beside the store, so that only the first query waits for them.
-o FILE.parquet writes Parquet.

Examples:
  portolan query --list
  portolan query top-servers
  portolan query "SELECT port, count(*) AS n FROM ports WHERE state = 'open' GROUP BY port ORDER BY n DESC"
  portolan query --from results/ "SELECT count(*) FROM hosts" --json
  portolan query --file trend.sql -o trend.parquet`;

export async function run(io: Io, [words]: [string | undefined], options: Options): Promise<void> {
  if (options.list) return await writeList(io, options);
  const statements = parseStatements(await readSql(io, words, options));
  const queries = statements.filter(({ kind }) => kind === 'query').length;
  if (queries === 0) throw new AppError('USAGE', 'the SQL has no query');
  if (queries > 1 && (formatOf(options) !== 'table' || options.output !== undefined)) {
    throw new AppError(
      'USAGE',
      `only one query at a time can be written to a file or as JSON or CSV, not ${queries}`,
    );
  }
  const timeout = AbortSignal.timeout(options.timeout * 1000);
  try {
    await ask(io, statements, options, AbortSignal.any([io.signal, timeout]));
  } catch (error) {
    if (io.signal.aborted || !timeout.aborted) throw error;
    throw new AppError(
      'LIMIT_EXCEEDED',
      `the query took longer than ${options.timeout} s: raise --timeout, or query less`,
      { cause: error },
    );
  }
}

async function ask(
  io: Io,
  statements: readonly Statement[],
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  await using store = storeOf(io, options);
  const reading = readingLine(io);
  const request: QueryOptions = {
    folder: options.from ?? process.cwd(),
    memoryMegabytes: options.memory,
    signal,
    onReading: reading.told,
    ...(options.from === undefined && { openStore: store.open }),
  };
  const { output } = options;
  if (output?.endsWith('.parquet')) {
    assertNoDatabase(output);
    await assertWritable(dirname(resolve(output)), output);
    const draft = `${output}.part-${process.pid}`;
    try {
      await runQuery(statements, { ...request, parquetFile: draft }, reading.done);
      await rename(draft, output);
    } finally {
      await rm(draft, { force: true });
    }
    return;
  }
  await runQuery(statements, request, async (result) => {
    await reading.done();
    await writeResult(io, options, result);
  });
}

/** A folder that cannot be written is known before the query has run. */
async function assertWritable(folder: string, file: string): Promise<void> {
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new AppError('STORE_UNWRITABLE', `cannot write "${file}" (${systemCode(error)})`, {
      cause: error,
    });
  }
}

/** Opens the store at the first need. */
function storeOf(
  io: Io,
  options: Options,
): { open: NonNullable<QueryOptions['openStore']> } & AsyncDisposable {
  let app: App | undefined;
  return {
    open: async () => {
      app = await openFrom(io, options);
      const folders = { named: options.cache, shared: readConfig(io.env).cacheFolder };
      return { store: app.store, cacheFolder: cacheFolderOf(app.store, folders) };
    },
    [Symbol.asyncDispose]: async () => app?.[Symbol.asyncDispose](),
  };
}

interface ReadingLine {
  readonly told: NonNullable<QueryOptions['onReading']>;
  /** Clears the progress line and prints what was read. */
  readonly done: () => Promise<void>;
}

/** Says once why the first query takes longer, and how far it is. */
function readingLine(io: Io): ReadingLine {
  const started = Date.now();
  const rows = new Map<string, number>();
  let now = '';
  let line: Disposable | undefined;
  return {
    told(table, read, of) {
      line ??= progressLine(io, () => now);
      rows.set(table, of ?? read);
      now = `${table}: ${number(read)}${of === undefined ? '' : ` of ${number(of)}`} rows`;
    },
    async done() {
      if (!line) return;
      line[Symbol.dispose]();
      line = undefined;
      const what = [...rows].map(([table, count]) => `${number(count)} ${table}`).join(', ');
      const took = formatDuration(Date.now() - started);
      await write(
        io.stderr,
        `(read ${what} from the store in ${took} and cached them as columns)\n`,
      );
    },
  };
}

async function writeResult(
  io: Io,
  options: Options,
  { columns, rows }: QueryResult,
): Promise<void> {
  await writeRows<Readonly<Record<string, unknown>>>(io, options, {
    rows,
    shape: {
      empty: 'No rows.',
      keepsEmpty: true,
      columns: columns.map((name) => ({ title: name, value: (row) => cell(row[name]) })),
    },
  });
}

function cell(value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

async function readSql(io: Io, words: string | undefined, { file }: Options): Promise<string> {
  if (file !== undefined && words === undefined) {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      throw new AppError('NO_INPUT', `${file} cannot be read (${systemCode(error)})`, {
        cause: error,
      });
    }
  }
  if (words === undefined || file !== undefined) {
    throw new AppError(
      'USAGE',
      'name SQL, a saved query ("portolan query --list"), or --file FILE',
    );
  }
  if (words === '-') return readAll(io.stdin);
  return /^[\w-]+$/.test(words) ? (await readSavedQuery(words)).sql : words;
}

async function writeList(io: Io, options: Options): Promise<void> {
  await writeRows(io, options, {
    rows: await listSavedQueries(),
    shape: {
      empty: 'no saved queries',
      columns: [
        { title: 'name', value: ({ name }) => name },
        { title: 'title', value: ({ title }) => title },
      ],
    },
  });
}
