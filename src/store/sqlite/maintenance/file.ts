import { existsSync } from 'node:fs';
import { retryBusy } from '../../../database/busy.ts';
import { type DatabaseSync, storeError } from '../../../database/driver.ts';
import { loadMigrations } from '../../../database/migrate.ts';
import { assertCopyable, assertCurrent } from '../../maintenance/status.ts';
import { sqliteMigrationDriver } from '../migration-driver.ts';
import { assertOurs, createFile, migrationFolder, openFile, prepareWriting } from '../open.ts';

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
  readonly close: () => void;
}

/** The last migration of the development versions; the baseline made the same tables. */
const lastDevelopment = 6;

/** A file that is opened when it is first used. */
export function sqliteFile(path: string): SqliteFile {
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
  return {
    path,
    use: useIf(assertCurrent),
    useSource: useIf(assertCopyable(lastDevelopment)),
    close: () => {
      if (opened?.isOpen) opened.close();
    },
  };
}

/** Opens a file to read and write, whatever version its tables have. */
export async function openAny(path: string): Promise<DatabaseSync> {
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
