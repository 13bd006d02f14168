import { entryOf } from '../../../core/entry.ts';
import { addressKey, parseAddress } from '../../../core/address.ts';
import type { DatabaseSync } from '../../../database/driver.ts';
import {
  inOrderOfReferences,
  removedScan,
  type TransferTable,
  type TransferValue,
} from '../../maintenance/transfer.ts';

/** A column to copy, under the name used by both kinds of store. */
interface SqliteColumn {
  /** Its name in SQLite. */
  readonly name: string;
  /** The expression that reads it from table `t`. */
  readonly read: string;
  /** The expression that stores a parameter in it. */
  readonly write: (parameter: string) => string;
}

/** A table as seen by copies. */
export interface SqliteTable {
  readonly columns: ReadonlyMap<string, SqliteColumn>;
  readonly references: ReadonlySet<string>;
  readonly hasTenant: boolean;
  /** The identity column, which gets new numbers in the target. */
  readonly order: string | undefined;
  /** A column computed from another one on insert. */
  readonly computed:
    { column: string; from: string; of: (value: string) => TransferValue } | undefined;
}

/** Tables without a tenant, or copied separately. */
const notCopied = new Set(['migrations', 'tenants']);

/** Every table to copy, from the file's schema. */
export function sqliteTables(db: DatabaseSync): ReadonlyMap<string, SqliteTable> {
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all<{ name: string }>()
    .map(({ name }) => name)
    .filter((name) => !notCopied.has(name));
  const withUuid = new Set(
    db
      .prepare(
        `SELECT s.name FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) c
         WHERE s.type = 'table' AND c.name = 'uuid'`,
      )
      .all<{ name: string }>()
      .map(({ name }) => name),
  );
  return new Map(names.map((name) => [name, tableOf(db, name, withUuid)]));
}

/** The tables as seen by both kinds of store, referenced tables first. */
export function orderedTables(tables: ReadonlyMap<string, SqliteTable>): TransferTable[] {
  const references = new Map([...tables].map(([name, table]) => [name, table.references]));
  return inOrderOfReferences(references).map((name) => ({
    name,
    columns: [...entryOf(tables, name).columns.keys()],
  }));
}

function tableOf(db: DatabaseSync, table: string, withUuid: ReadonlySet<string>): SqliteTable {
  // hidden: 2 and 3 are generated columns.
  const columns = db
    .prepare('SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)')
    .all<{ name: string; type: string; pk: number; hidden: number }>(table)
    .filter(({ hidden }) => hidden === 0);
  const targets = referencesOf(db, table);
  const own = columns.find(({ name, type, pk }) => name === 'id' && type === 'INTEGER' && pk === 1);
  const isComputed = table === 'hosts';
  const copied = columns.filter(
    ({ name }) =>
      name !== own?.name && name !== 'tenant_id' && !(isComputed && name === 'address_key'),
  );
  return {
    columns: new Map(
      copied.map(({ name }) => {
        const parent = targets.get(name);
        if (parent && withUuid.has(parent)) return [name, keyColumn(name, parent)];
        return [name === 'uuid' ? 'id' : name, plainColumn(name)];
      }),
    ),
    references: new Set([...targets.values()].filter((name) => name !== table)),
    hasTenant: columns.some(({ name }) => name === 'tenant_id'),
    order: own?.name,
    computed: isComputed
      ? { column: 'address_key', from: 'address', of: (text) => addressKey(parseAddress(text)) }
      : undefined,
  };
}

/** The tables that columns refer to. The scan in `last_job_id` may have been removed. */
function referencesOf(db: DatabaseSync, table: string): Map<string, string> {
  const rows = db
    .prepare('SELECT "from" AS name, "table" AS parent FROM pragma_foreign_key_list(?)')
    .all<{ name: string; parent: string }>(table);
  const targets = new Map(rows.map(({ name, parent }) => [name, parent]));
  const named = db.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = 'last_job_id'");
  if (named.get(table)) targets.set('last_job_id', 'scan_jobs');
  return targets;
}

function plainColumn(name: string): SqliteColumn {
  return { name, read: `t.${name}`, write: (parameter) => parameter };
}

/** Numbers in this store, UUIDs in copies; no row has the number 0. */
function keyColumn(name: string, parent: string): SqliteColumn {
  const uuid = `(SELECT p.uuid FROM "${parent}" p WHERE p.id = t.${name})`;
  return {
    name,
    read: `CASE WHEN t.${name} IS NOT NULL THEN coalesce(${uuid}, '${removedScan}') END`,
    write: (parameter) =>
      `CASE WHEN ${parameter} IS NOT NULL
        THEN coalesce((SELECT id FROM "${parent}" WHERE uuid = ${parameter}), 0) END`,
  };
}
