import { addressKey } from '../../core/address.ts';
import { compileSql, name, sql, type Sql } from '../sql.ts';
import type { Dialect, StoreDatabase } from '../store.ts';
import { retryBusy } from '../../database/busy.ts';
import { type DatabaseSync, type SQLInputValue, storeError } from '../../database/driver.ts';

const dialect: Dialect = {
  time: (ms) => ms,
  uuidColumn: 'uuid',
  addressColumn: 'address_key',
  addressBound: (address) => sql`${addressKey(address)}`,
  jsonEach: (column) => sql`json_each(${name(column)})`,
};

/**
 * The shared queries' way into a SQLite database that is open. Each is one statement; what needs a
 * transaction is synchronous (`transaction.ts`), since across an await another caller's statements
 * would fall into it.
 */
export function sqliteDatabase(db: DatabaseSync, path: string): StoreDatabase {
  return {
    dialect,
    async query<Row>(query: Sql) {
      const { text, values } = compileSql(query, () => '?');
      const bound = values.map((value) => (typeof value === 'boolean' ? Number(value) : value));
      try {
        return await retryBusy(() => db.prepare(text).all(...(bound as SQLInputValue[])) as Row[]);
      } catch (error) {
        throw storeError(error, path);
      }
    },
  };
}
