import type { DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { AppError, messageOf } from '../../errors.ts';
import type { ColumnType } from './tables.ts';

export interface DuckDbOptions {
  /** An existing folder for data that does not fit in memory. */
  readonly tempFolder: string;
  readonly memoryMegabytes: number;
  readonly threads?: number;
  readonly signal?: AbortSignal | undefined;
}

/** DuckDB in this process, its database in memory. */
export interface DuckDb extends AsyncDisposable {
  readonly connection: DuckDBConnection;
  /**
   * Runs statements and returns the result of the last one.
   *
   * @throws AppError INVALID_INPUT with DuckDB's message, LIMIT_EXCEEDED, STORE_FULL; the
   *   signal's reason
   */
  run(sql: string): Promise<DuckDBResult>;
  /**
   * Runs a statement on a second connection, because a connection cannot do two things at once,
   * such as append and query.
   */
  runBeside(sql: string): Promise<void>;
  /** Runs a query for a few rows: objects by column, large integers as numbers. */
  rows<Row>(sql: string): Promise<Row[]>;
  /** Runs a query, or a COPY, for its only row. */
  row<Row>(sql: string): Promise<Row>;
}

/**
 * Opens DuckDB. It neither downloads nor loads extensions and reads no file in the user's home.
 * An abort interrupts running statements.
 */
export async function openDuckDb(options: DuckDbOptions): Promise<DuckDb> {
  const { signal } = options;
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
    memory_limit: `${options.memoryMegabytes}MB`,
    temp_directory: options.tempFolder,
    ...(options.threads !== undefined && { threads: String(options.threads) }),
  });
  const connection = await instance.connect();
  const beside = await instance.connect();
  const interrupt = (): void => {
    connection.interrupt();
    beside.interrupt();
  };
  signal?.addEventListener('abort', interrupt);
  const underWay = new Set<Promise<unknown>>();
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    const working = work();
    underWay.add(working);
    try {
      return await working;
    } catch (error) {
      signal?.throwIfAborted();
      throw duckDbError(error);
    } finally {
      underWay.delete(working);
    }
  };
  const rows = async <Row>(sql: string): Promise<Row[]> => {
    const found = await guarded(async () => (await connection.run(sql)).getRowObjectsJS());
    return found.map((row) => Object.fromEntries(Object.entries(row).map(plain)) as Row);
  };
  return {
    connection,
    run: (sql) => guarded(() => connection.stream(sql)),
    runBeside: async (sql) => void (await guarded(() => beside.run(sql))),
    rows,
    async row<Row>(sql: string) {
      const [row] = await rows<Row>(sql);
      if (row === undefined) throw new TypeError(`no row of ${sql}`);
      return row;
    },
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', interrupt);
      // Closing a connection while it works crashes the process.
      if (underWay.size > 0) interrupt();
      await Promise.allSettled(underWay);
      connection.closeSync();
      beside.closeSync();
      instance.closeSync();
    },
  };
}

function plain([name, value]: [string, unknown]): [string, unknown] {
  return [name, typeof value === 'bigint' ? Number(value) : value];
}

/** Converts a value for a DuckDB column of a type. */
export function duckValue(value: unknown, type: ColumnType): DuckDBValue {
  const isBigint = type === 'BIGINT';
  if (typeof value === 'string') return isBigint ? BigInt(value) : value;
  if (typeof value === 'number') return isBigint ? BigInt(Math.trunc(value)) : value;
  if (typeof value === 'bigint') return isBigint ? value : Number(value);
  return typeof value === 'boolean' ? Number(value) : null;
}

/** Turns a DuckDB error into an AppError. */
export function duckDbError(error: unknown): unknown {
  const message = messageOf(error);
  if (/No space left on device|failed to offload/i.test(message)) {
    return new AppError('STORE_FULL', `the disk is full: ${message}`, { cause: error });
  }
  if (/^Out of Memory Error/i.test(message)) {
    return new AppError(
      'LIMIT_EXCEEDED',
      `the query exceeds its memory limit: raise it with --memory, or query less ` +
        `(${message.split('\n')[0]})`,
      { cause: error },
    );
  }
  return new AppError('INVALID_INPUT', message, { cause: error });
}

/** Quotes a text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes a name as an SQL identifier. */
export function identifier(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
