import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase } from '../../src/database/driver.ts';
import { openPool, defaultPool } from '../../src/store/postgres/connection.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { templateDatabase } from '../postgres/setup.ts';

/** A row as a test reads it: times in epoch ms, JSON as values, booleans as 0 and 1. */
export type Row = Record<string, unknown>;

/** An empty store of a test's own. */
export interface TestStore extends AsyncDisposable {
  readonly store: Store;
  /** What `--db` takes. */
  readonly db: string;
  /** Every row of a query, read by a connection of its own that sees all tenants. */
  readonly rows: (sql: string) => Promise<Row[]>;
}

/** A kind of store. The same tests run on each. */
export interface StoreKind {
  readonly name: string;
  readonly kind: 'sqlite' | 'postgres';
  /** The column of `scan_jobs` and `hosts` that holds their UUIDs. */
  readonly uuid: 'id' | 'uuid';
  /** The column of `hosts` that sorts as addresses do. */
  readonly addressOrder: 'address' | 'address_key';
  readonly newStore: () => Promise<TestStore>;
}

const sqlite: StoreKind = {
  name: 'SQLite',
  kind: 'sqlite',
  uuid: 'uuid',
  addressOrder: 'address_key',
  async newStore() {
    const folder = mkdtempSync(join(tmpdir(), 'portolan-store-'));
    const db = join(folder, 'store.db');
    const store = await openSqliteStore(db, { create: true });
    return {
      store,
      db,
      rows: (sql) => Promise.resolve(sqliteRows(db, sql)),
      async [Symbol.asyncDispose]() {
        await store.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
};

function sqliteRows(path: string, sql: string): Row[] {
  const db = openDatabase(path, { readOnly: true });
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => asTestRow(row, (text) => JSON.parse(text)));
  } finally {
    db.close();
  }
}

/** JSON columns of SQLite are text that begins like an object or a list. */
function asTestRow(row: Row, parse: (text: string) => unknown): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (typeof value === 'boolean') return [column, Number(value)];
      if (value instanceof Uint8Array) return [column, Buffer.from(value).toString('hex')];
      return [column, typeof value === 'string' && /^[{[]/.test(value) ? parse(value) : value];
    }),
  );
}

/** A database of its own on a server, and the URL of its superuser. */
export async function newDatabase(server: string, template = templateDatabase): Promise<string> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Ends whoever uses a database, and removes it. */
export async function dropDatabase(server: string, url: string): Promise<void> {
  await onServer(server, `DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The servers that tests may make databases on. */
export const postgresServers = inject('postgresServers');

function postgres({ name, url: server }: (typeof postgresServers)[number]): StoreKind {
  return {
    name,
    kind: 'postgres',
    uuid: 'id',
    addressOrder: 'address',
    async newStore() {
      const db = await newDatabase(server);
      const store = await openPostgresStore(db, { create: true });
      const pool = openPool(db, { ...defaultPool, max: 1 });
      return {
        store,
        db,
        rows: async (sql) =>
          (await pool.query<Row>(sql)).rows.map((row) => asTestRow(row, (text) => text)),
        async [Symbol.asyncDispose]() {
          await store.close();
          await pool.end();
          await dropDatabase(server, db);
        },
      };
    },
  };
}

/** Every kind of store that this run tests. */
export const storeKinds: readonly StoreKind[] = [sqlite, ...postgresServers.map(postgres)];
