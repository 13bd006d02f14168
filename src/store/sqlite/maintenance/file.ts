import { existsSync } from 'node:fs';
import { retryBusy } from '../../../database/busy.ts';
import { type DatabaseSync, storeError } from '../../../database/driver.ts';
import { loadMigrations } from '../../../database/migrate.ts';
import { assertCopyable, assertCurrent } from '../../maintenance/status.ts';
import { sqliteMigrationDriver } from '../migration-driver.ts';
import { assertOurs, createFile, migrationFolder, openFile, prepareWriting } from '../open.ts';

/**
 * Runs `work` on the file, which is opened on the first call.
 *
 * @throws AppError NOT_FOUND, STORE_OLDER, STORE_NEWER, MIGRATION_EDITED, STORE_CORRUPT; what
 *   `work` throws, with driver errors turned into store errors
 */
type UseFile = <T>(work: (db: DatabaseSync) => T | Promise<T>) => Promise<T>;

/** A store's file, for maintenance. */
export interface SqliteFile {
  readonly path: string;
  readonly use: UseFile;
  /** The same for the source of a copy, which may also have the last development version. */
  readonly useSource: UseFile;
  readonly close: () => void;
}

/** The last migration of the development versions, with the same tables as the baseline. */
const lastDevelopment = 6;

/** A file that is opened on first use. */
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

/** Opens a file of any version to read and write. */
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
