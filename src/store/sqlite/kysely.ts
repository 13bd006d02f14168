import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect as KyselyDialect,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import { addressKey } from '../../core/address.ts';
import type { Dialect, StoreDatabase } from '../store.ts';
import type { Tables } from '../tables.ts';
import { retryBusy } from './busy.ts';
import { type DatabaseSync, type SQLInputValue, storeError } from './driver.ts';

const dialect: Dialect = {
  time: (ms) => ms,
  uuidColumn: 'uuid',
  addressColumn: 'address_key',
  addressBound: (address) => sql`${addressKey(address)}`,
  jsonEach: (column) => sql`json_each(${sql.ref(column)})`,
};

/** The shared queries' way into a SQLite database that is open. */
export function sqliteDatabase(db: DatabaseSync, path: string): StoreDatabase {
  return { kysely: new Kysely<Tables>({ dialect: kyselyDialect(db, path) }), dialect };
}

/**
 * One connection. A transaction across awaits is refused: another caller's statements would fall
 * into it. What needs a transaction is synchronous (`transaction.ts`) or a single statement.
 */
function kyselyDialect(db: DatabaseSync, path: string): KyselyDialect {
  const connection: DatabaseConnection = {
    executeQuery: (query) => execute(db, path, query),
    streamQuery() {
      throw new TypeError('page by key instead: an open cursor would hold up the checkpoint');
    },
  };
  return {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createDriver: () => ({
      init: () => Promise.resolve(),
      acquireConnection: () => Promise.resolve(connection),
      releaseConnection: () => Promise.resolve(),
      beginTransaction: refuse,
      commitTransaction: refuse,
      rollbackTransaction: refuse,
      destroy: () => Promise.resolve(),
    }),
  };
}

async function execute<Row>(
  db: DatabaseSync,
  path: string,
  { sql: text, parameters }: CompiledQuery,
): Promise<QueryResult<Row>> {
  const values = parameters.map((value) => (typeof value === 'boolean' ? Number(value) : value));
  try {
    return await retryBusy(() => {
      const statement = db.prepare(text);
      if (statement.columns().length > 0) {
        return { rows: statement.all(...(values as SQLInputValue[])) as Row[] };
      }
      const { changes } = statement.run(...(values as SQLInputValue[]));
      return { rows: [], numAffectedRows: BigInt(changes) };
    });
  } catch (error) {
    throw storeError(error, path);
  }
}

function refuse(): never {
  throw new TypeError('transactions on SQLite go through store/sqlite/transaction.ts');
}
