import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { AppError, messageOf } from '../../errors.ts';

export interface DuckDbOptions {
  /** Where DuckDB may put what does not fit into memory; a folder that is there. */
  readonly tempFolder: string;
  readonly memoryMegabytes: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** DuckDB in this process, its database in memory. */
export interface DuckDb extends AsyncDisposable {
  readonly connection: DuckDBConnection;
  /**
   * Runs statements, and gives the result of the last one.
   *
   * @throws AppError INVALID_INPUT with what DuckDB says, LIMIT_EXCEEDED, STORE_FULL; the signal's reason
   */
  run(sql: string): Promise<DuckDBResult>;
  /**
   * Runs a statement on a connection of its own, while `connection` goes on: one connection does
   * one thing at a time, appending included.
   */
  runBeside(sql: string): Promise<void>;
  /** Runs a query for a few rows: objects by column, large integers as numbers. */
  rows<Row>(sql: string): Promise<Row[]>;
}

/**
 * Opens DuckDB. It neither downloads nor loads extensions, and reads no file of the user's
 * home. An abort interrupts what runs.
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
  const run = (sql: string): Promise<DuckDBResult> => guarded(() => connection.stream(sql));
  return {
    connection,
    run,
    runBeside: async (sql) => void (await guarded(() => beside.run(sql))),
    async rows<Row>(sql: string) {
      const rows = await guarded(async () => (await connection.run(sql)).getRowObjectsJS());
      return rows.map((row) => Object.fromEntries(Object.entries(row).map(plain)) as Row);
    },
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', interrupt);
      // A connection that is closed while it works takes the process with it.
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

/** What DuckDB says, as an error of ours. */
export function duckDbError(error: unknown): unknown {
  const message = messageOf(error);
  if (/No space left on device|failed to offload/i.test(message)) {
    return new AppError('STORE_FULL', `the disk is full: ${message}`, { cause: error });
  }
  if (/^Out of Memory Error/i.test(message)) {
    return new AppError(
      'LIMIT_EXCEEDED',
      `the query needs more memory than it may take: allow more with --memory, or ask for less ` +
        `(${message.split('\n')[0]})`,
      { cause: error },
    );
  }
  return new AppError('INVALID_INPUT', message, { cause: error });
}

/** A text as a literal of SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an identifier of SQL. */
export function identifier(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
