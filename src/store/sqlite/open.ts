import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AppError, systemCode } from '../../errors.ts';
import { loadMigrations, migrate, pendingMigrations } from '../../database/migrate.ts';
import type { Store } from '../store.ts';
import { retryBusy } from '../../database/busy.ts';
import { type DatabaseSync, openDatabase, storeError } from '../../database/driver.ts';
import { firstRow } from '../../database/rows.ts';
import { sqliteConnection, sqliteDatabase } from './database.ts';
import type { sqliteJobEvents } from './job-events.ts';
import { sqliteMigrationDriver } from './migration-driver.ts';

/** Marks a SQLite file as a Portolan store ("PRTL"), for `file(1)` too. */
const applicationId = 0x5052_544c;

/** The SQL migration files. */
export const migrationFolder = new URL('../../../sql/sqlite/', import.meta.url);

export interface OpenOptions {
  /** Create the file, readable only by its owner, and its folder if they do not exist. */
  readonly create?: boolean;
  readonly readOnly?: boolean;
  /** The requested tenant; a file has only one. */
  readonly tenant?: string | undefined;
}

/**
 * Opens a store in a SQLite file and brings its tables up to date.
 *
 * Durability: a committed batch survives a crash of the process. A power failure may lose the last
 * commits, but never the file's consistency. Their units are scanned again on resume, so waiting
 * for the disk at each commit would gain nothing.
 *
 * @throws AppError NOT_FOUND, STORE_CORRUPT (not a database, or another program's), STORE_NEWER,
 *   MIGRATION_EDITED, STORE_UNWRITABLE, BUSY
 */
export async function openSqliteStore(path: string, options: OpenOptions = {}): Promise<Store> {
  const file = resolve(path);
  if (!existsSync(file)) await createFile(file, options);
  const db = openFile(file, options);
  let tenantId: string;
  try {
    await prepare(db, file, options);
    tenantId = tenantOf(db, file, options.tenant);
  } catch (error) {
    db.close();
    throw storeError(error, file);
  }
  // Most commands only read, so the recorder is loaded on the first write.
  let recorder: Promise<Store['record']> | undefined;
  const record: Store['record'] = async (...batch) => {
    recorder ??= import('./record.ts').then(({ sqliteRecorder }) => sqliteRecorder(connection));
    return await (
      await recorder
    )(...batch);
  };
  const connection = sqliteConnection(db, file);
  const database = sqliteDatabase(connection, tenantId);
  const close = (): Promise<void> => {
    if (db.isOpen) db.close();
    return Promise.resolve();
  };
  const store: Store = {
    database,
    maintenance: database,
    location: file,
    file,
    isShared: false,
    stamp: async () => (await import('./stamp.ts')).fileStamp(file),
    record,
    forTenant: () => store,
    tenantsAtWork: () => Promise.resolve([tenantId]),
    tenantsWithSchedules: () => Promise.resolve([tenantId]),
    jobEvents: (signal) => jobEvents(database, file, signal),
    async runQueue(queue) {
      await (await import('./queue.ts')).runSqliteQueue(file, tenantId, queue);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return store;
}

async function* jobEvents(
  ...parameters: Parameters<typeof sqliteJobEvents>
): ReturnType<typeof sqliteJobEvents> {
  yield* (await import('./job-events.ts')).sqliteJobEvents(...parameters);
}

/** Creates an empty file that only its owner can read, and its folder. */
export async function createFile(file: string, { create, readOnly }: OpenOptions): Promise<void> {
  if (!create || readOnly) {
    throw new AppError(
      'NOT_FOUND',
      `there is no database ${file}: run a scan or an import to create it, or name another with --db`,
    );
  }
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its -wal and -shm files the mode of the database.
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && existsSync(file)) return;
    throw new AppError(
      'STORE_UNWRITABLE',
      `${file} cannot be created (${systemCode(error)}): check its folder, or name another with --db`,
      { cause: error },
    );
  }
}

export function openFile(file: string, { readOnly }: OpenOptions): DatabaseSync {
  try {
    return openDatabase(file, { readOnly: readOnly ?? false });
  } catch (error) {
    throw storeError(error, file);
  }
}

const readSettings = `
  PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768`;

async function prepare(db: DatabaseSync, file: string, { readOnly }: OpenOptions): Promise<void> {
  await retryBusy(() => assertOurs(db, file));
  const driver = sqliteMigrationDriver(db, file);
  const migrations = await loadMigrations(migrationFolder);
  db.exec(readSettings);
  if (readOnly) {
    if (pendingMigrations(file, migrations, await driver.applied()).length === 0) return;
    throw new AppError(
      'STORE_UNWRITABLE',
      `${file} was written by an older Portolan: open it once with write permission to upgrade it`,
    );
  }
  await prepareWriting(db);
  await migrate(driver, migrations);
}

/** Settings of a connection that writes. */
export async function prepareWriting(db: DatabaseSync): Promise<void> {
  db.exec(readSettings);
  await retryBusy(() => {
    db.exec('PRAGMA journal_mode = WAL');
  });
  // 20,000 pages between checkpoints, so that a frequently written page reaches the file once.
  db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 20000');
}

/** Never create tables in another program's database, such as a browser's history. */
export function assertOurs(db: DatabaseSync, file: string): void {
  // One statement sees one state of the file, as another process may be creating the store.
  const { id, tables } = firstRow(
    db
      .prepare(
        `SELECT (SELECT application_id FROM pragma_application_id) AS id,
      (SELECT count(*) FROM sqlite_schema) AS tables`,
      )
      .all<{ id: number; tables: number }>(),
  );
  if (id === applicationId || tables === 0) return;
  throw new AppError(
    'STORE_CORRUPT',
    `${file} is the database of another program: name another file with --db`,
  );
}

/** A file has one tenant: the default one, or the one copied into it. */
export function tenantOf(db: DatabaseSync, file: string, wanted: string | undefined): string {
  const { uuid, name } = firstRow(
    db
      .prepare('SELECT uuid, name FROM tenants ORDER BY id LIMIT 1')
      .all<{ uuid: string; name: string }>(),
  );
  if (wanted === undefined || wanted === name || wanted.toLowerCase() === uuid) return uuid;
  throw new AppError(
    'NOT_FOUND',
    `${file} holds the tenant "${name}", not "${wanted}": several tenants need a PostgreSQL store`,
  );
}
