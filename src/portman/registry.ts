import { readdirSync } from 'node:fs';
import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { currentUser } from '../core/current-user.ts';
import { retryBusy } from '../database/busy.ts';
import { type DatabaseSync, openDatabase, storeError } from '../database/driver.ts';
import { firstRow } from '../database/rows.ts';
import { transaction } from '../database/transaction.ts';
import { AppError, systemCode } from '../errors.ts';

const migrationFolder = new URL('../../sql/portman/', import.meta.url);

const nameAnother = 'name another file with PORTKEEPER_DB_PATH';

/** How long a writer waits for the others: thousands of reservations. */
const lockTimeoutMs = 10_000;

/** An open registry of local ports. */
export interface Registry extends Disposable {
  readonly db: DatabaseSync;
  readonly path: string;
  /** The name that signs the history. */
  readonly user: string;
}

/**
 * Opens the registry, creates it if missing (folder 0700, file 0600), and updates its tables.
 *
 * @throws AppError STORE_UNWRITABLE, STORE_CORRUPT, STORE_NEWER, MIGRATION_EDITED, BUSY
 * @example using registry = await openRegistry(readConfig(process.env).portRegistry)
 */
export async function openRegistry(path: string): Promise<Registry> {
  const file = resolve(path);
  await prepareFile(file);
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(file);
    await prepare(db, file);
  } catch (error) {
    db?.close();
    throw storeError(error, file);
  }
  const opened = db;
  return { db, path: file, user: currentUser(), [Symbol.dispose]: () => opened.close() };
}

/** SQLite gives its -wal and -shm files the mode of the database. */
async function prepareFile(file: string): Promise<void> {
  try {
    // Anything else (a folder, a device) is not ours to change.
    if (!(await stat(file)).isFile()) {
      throw new AppError('STORE_UNWRITABLE', `${file} is not a file: ${nameAnother}`);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (systemCode(error) !== 'ENOENT') throw unwritable(file, error);
    await createPrivateFile(file).catch((cause: unknown) => {
      if (systemCode(cause) !== 'EEXIST') throw unwritable(file, cause);
    });
  }
}

/**
 * Creates an empty file with mode 0600, and its folder. SQLite fills an empty file, but would create
 * one that everybody can read.
 */
export async function createPrivateFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await (await open(path, 'wx', 0o600)).close();
}

/** Only when it is known to be ours: another program's file keeps its mode. */
async function closeToOthers(file: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) await chmod(file, 0o600);
}

function unwritable(file: string, cause: unknown): AppError {
  return new AppError(
    'STORE_UNWRITABLE',
    `the port registry ${file} cannot be opened (${systemCode(cause)}): check its folder, or ` +
      nameAnother,
    { cause },
  );
}

async function prepare(db: DatabaseSync, file: string): Promise<void> {
  db.exec(`PRAGMA busy_timeout = ${lockTimeoutMs}; PRAGMA foreign_keys = ON`);
  const version = await retryBusy(
    () => firstRow(db.prepare('PRAGMA user_version').all<{ user_version: number }>()).user_version,
  );
  await retryBusy(() => assertOurs(db, file));
  await closeToOthers(file);
  if (version !== newestMigration()) {
    // Changing to WAL in several processes at once fails as busy without waiting.
    await retryBusy(() => {
      db.exec('PRAGMA journal_mode = WAL');
    });
    // Skipped on most starts: computing checksums loads Node.js' cryptography (10 ms).
    await checkMigrations(db, file);
  }
  db.exec('PRAGMA synchronous = NORMAL');
}

/**
 * Applies missing migrations and compares the checksums of the others.
 *
 * @returns the number of migrations applied
 * @throws AppError STORE_NEWER, MIGRATION_EDITED
 */
export async function checkMigrations(db: DatabaseSync, file: string): Promise<number> {
  const { loadMigrations, migrate } = await import('../database/migrate.ts');
  const { registryMigrationDriver } = await import('./migration-driver.ts');
  return migrate(registryMigrationDriver(db, file), await loadMigrations(migrationFolder));
}

function newestMigration(): number {
  return Math.max(...readdirSync(migrationFolder).map((name) => Number.parseInt(name, 10) || 0));
}

function assertOurs(db: DatabaseSync, file: string): void {
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all<{ name: string }>()
    .map(({ name }) => name);
  const isEmpty = tables.every((name) => name === 'migrations');
  if (isEmpty || tables.includes('port_owners')) return;
  throw new AppError(
    'STORE_CORRUPT',
    `${file} was made by another program: ${nameAnother}` +
      (tables.includes('ports') ? ', and import that program’s export into it' : ''),
  );
}

/**
 * Runs `work` in one write transaction and signs its history.
 *
 * @param details kept with every history row that the work makes, as JSON
 */
export function change<T>(
  registry: Registry,
  details: Readonly<Record<string, unknown>>,
  work: () => T,
): T {
  try {
    return transaction(registry.db, () => signHistory(registry, details, work));
  } catch (error) {
    throw storeError(error, registry.path);
  }
}

/** Inside a transaction: signs the history rows that the work makes, unless they are signed. */
export function signHistory<T>(
  { db, user }: Registry,
  details: Readonly<Record<string, unknown>>,
  work: () => T,
): T {
  const { last } = firstRow(
    db.prepare('SELECT coalesce(max(id), 0) AS last FROM port_history').all<{ last: number }>(),
  );
  const result = work();
  db.prepare(
    `UPDATE port_history SET performedBy = coalesce(performedBy, ?),
       details = coalesce(details, ?) WHERE id > ?`,
  ).run(user, JSON.stringify(details), last);
  return result;
}
