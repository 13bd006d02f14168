import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { retryBusy } from '../../../database/busy.ts';
import { type DatabaseSync, storeError } from '../../../database/driver.ts';
import { loadMigrations, migrate } from '../../../database/migrate.ts';
import type { StoreAdmin, MigrationStep } from '../../maintenance/store-admin.ts';
import { assertCopyable, assertCurrent } from '../../maintenance/status.ts';
import { sqliteConnection, sqliteDatabase } from '../database.ts';
import { sqliteMigrationDriver } from '../migration-driver.ts';
import {
  assertOurs,
  createFile,
  migrationFolder,
  openFile,
  prepareWriting,
  tenantOf,
} from '../open.ts';
import { sqliteStatus } from './status.ts';

/**
 * Runs `work` on the file, which the first call opens.
 *
 * @throws AppError NOT_FOUND, STORE_OLDER, STORE_NEWER, MIGRATION_EDITED, STORE_CORRUPT; what
 *   `work` throws, errors of the driver as those of the store
 */
type UseFile = <T>(work: (db: DatabaseSync) => T | Promise<T>) => Promise<T>;

/** A store's file, for maintenance. */
export interface SqliteFile {
  readonly path: string;
  readonly use: UseFile;
  /** The same to copy from it, which a store of the last development version allows too. */
  readonly useSource: UseFile;
}

/** The last migration of the development versions; the baseline made the same tables. */
const lastDevelopment = 6;

/** Maintains the store in a file, which need not exist. */
export function sqliteAdmin(name: string): StoreAdmin {
  const path = resolve(name);
  let opened: DatabaseSync | undefined;
  const useIf = (assertVersion: typeof assertCurrent): UseFile => {
    let isChecked = false;
    return async (work) => {
      if (!existsSync(path)) await createFile(path, {});
      opened ??= await openAny(path);
      try {
        if (!isChecked) {
          const applied = await sqliteMigrationDriver(opened, path).applied();
          assertVersion(path, await loadMigrations(migrationFolder), applied);
          isChecked = true;
        }
        return await work(opened);
      } catch (error) {
        throw storeError(error, path);
      }
    };
  };
  const file: SqliteFile = {
    path,
    use: useIf(assertCurrent),
    useSource: useIf(assertCopyable(lastDevelopment)),
  };
  return {
    kind: 'sqlite',
    location: path,
    status: () => sqliteStatus(path),
    migrate: ({ isDryRun }) => migrateFile(path, isDryRun),
    check: async (options) => (await import('./check.ts')).checkFile(file, options),
    stats: async () => (await import('./stats.ts')).fileStats(file),
    vacuum: async () => (await import('./vacuum.ts')).vacuumFile(file),
    backup: async (...target) => (await import('./backup.ts')).backUpFile(file, ...target),
    restore: async (...source) => (await import('./restore.ts')).restoreFile(path, ...source),
    prune: async (request) => (await import('./prune.ts')).pruneFile(file, request),
    transfer: async () => (await import('./transfer.ts')).fileTransfer(file),
    database: (tenant) =>
      file.use((db) => sqliteDatabase(sqliteConnection(db, path), tenantOf(db, path, tenant))),
    [Symbol.asyncDispose]: () => {
      if (opened?.isOpen) opened.close();
      return Promise.resolve();
    },
  };
}

/** Opens a file to read and write, whatever version its tables have. */
async function openAny(path: string): Promise<DatabaseSync> {
  const db = openFile(path, {});
  try {
    await retryBusy(() => assertOurs(db, path));
    await prepareWriting(db);
    return db;
  } catch (error) {
    db.close();
    throw storeError(error, path);
  }
}

async function migrateFile(path: string, isDryRun: boolean): Promise<readonly MigrationStep[]> {
  const { pending } = await sqliteStatus(path, { mustBeUsable: true });
  if (isDryRun) return pending;
  if (!existsSync(path)) await createFile(path, { create: true });
  const db = await openAny(path);
  try {
    const count = await migrate(
      sqliteMigrationDriver(db, path),
      await loadMigrations(migrationFolder),
    );
    // Where others migrate at the same time, some of the steps are theirs.
    return pending.slice(0, count);
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db.close();
  }
}
