import { addressKey } from '../../core/address.ts';
import { compileSql, identifier, sql, type Sql } from '../sql.ts';
import type { Dialect } from '../dialect.ts';
import type { StoreDatabase } from '../store.ts';
import { retryBusy } from '../../database/busy.ts';
import { asyncTransaction } from '../../database/transaction.ts';
import { type DatabaseSync, type SQLInputValue, storeError } from '../../database/driver.ts';

const dialect: Dialect = {
  time: (ms) => ms,
  hasNumberKeys: true,
  uuidColumn: 'uuid',
  keyOf: (table, uuid) => sql`(SELECT id FROM ${identifier(table)} WHERE uuid = ${uuid})`,
  isOfTenant: () => undefined,
  hasPartitions: false,
  addressColumn: 'address_key',
  addressBound: (address) => sql`${addressKey(address)}`,
  addressText: (column) => identifier(column),
  jsonEach: (column) => sql`json_each(${identifier(column)})`,
  keyTable: (rows) => sql`(SELECT key AS place, value ->> 0 AS job_id, value ->> 1 AS host_id,
    value ->> 2 AS transport, value ->> 3 AS port
    FROM json_each(${JSON.stringify(rows.map((row) => [row.job_id, row.host_id, row.transport, row.port]))}))`,
  fromNow: (ms) => sql`${Date.now() + ms}`,
  hasOneWriter: true,
  true: sql`1`,
  false: sql`0`,
  millisecond: sql`1`,
  // A writer locks the whole file.
  lock: { waiting: sql``, skipping: sql`` },
  factTenant: () => ({ column: sql``, value: sql`` }),
};

/** An open SQLite database: one connection, used by one transaction at a time. */
export interface SqliteConnection {
  readonly db: DatabaseSync;
  readonly path: string;
  /**
   * Runs `work` when no asynchronous transaction is open. `work` is synchronous, or keeps others
   * out until its promise settles.
   */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

export function sqliteConnection(db: DatabaseSync, path: string): SqliteConnection {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    db,
    path,
    exclusively(work) {
      const result = turn.then(work);
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

/** Nothing to do: a file has no partitions, and its workers watch it for commits. */
const capabilities = {
  prepareScan: () => Promise.resolve(),
  notifyWorkers: () => Promise.resolve(),
};

/** Runs shared queries on SQLite. */
export function sqliteDatabase(connection: SqliteConnection, tenantId: string): StoreDatabase {
  const { db } = connection;
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    connection.exclusively(async () => {
      try {
        return await work();
      } catch (error) {
        throw storeError(error, connection.path);
      }
    });
  return {
    dialect,
    tenantId,
    ...capabilities,
    query: (query) => run(() => retryBusy(() => queryOn(db, query))),
    transaction: (work) =>
      run(() => asyncTransaction(db, () => work(insideTransaction(db, tenantId)))),
  };
}

/** The same within an open transaction. */
function insideTransaction(db: DatabaseSync, tenantId: string): StoreDatabase {
  const database: StoreDatabase = {
    dialect,
    tenantId,
    ...capabilities,
    query: (query) => Promise.resolve().then(() => queryOn(db, query)),
    transaction: (work) => work(database),
  };
  return database;
}

function queryOn<Row>(db: DatabaseSync, query: Sql): Row[] {
  const { text, values } = compileSql(query, () => '?');
  return db.prepare(text).all<Row>(...values.map(toInput));
}

/** Converts a value of a shared query for binding. */
function toInput(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (value === null || value instanceof Uint8Array) return value;
  throw new TypeError(`SQLite cannot bind a value of type ${typeof value}`);
}
