import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type DatabaseSync, storeError } from '../../../database/driver.ts';
import { loadMigrations, migrate } from '../../../database/migrate.ts';
import { AppError } from '../../../errors.ts';
import type { RestoreOptions, RestoreReport } from '../../maintenance/backup.ts';
import { backupKind, notABackup } from '../../maintenance/backup-kind.ts';
import { sqliteMigrationDriver } from '../migration-driver.ts';
import { createFile, migrationFolder, openFile, prepareWriting } from '../open.ts';
import { assertSame, assertSound, copyPages } from './backup.ts';
import { sqliteStatus } from './status.ts';

/**
 * Restores a backup into a file. The pages are written in one transaction, so that other processes
 * see all of the backup or nothing, and a crash leaves the old contents.
 */
export async function restoreFile(
  target: string,
  name: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const backup = resolve(name);
  await assertBackup(backup);
  const { version, problem } = await sqliteStatus(backup, { mustBeUsable: true });
  if (problem !== null || version === 0) throw notABackup(backup, 'it holds no store');
  const rows = await assertSound(backup);
  const isNew = !existsSync(target);
  if (!isNew && !options.replace) await assertEmpty(target);
  if (isNew) await createFile(target, { create: true });
  using source = openFile(backup, { readOnly: true });
  try {
    await copyPages(source, target, options);
    assertSame(target, rows, await assertSound(target));
    await bringUpToDate(target);
    return { rows, version };
  } catch (error) {
    if (isNew)
      for (const end of ['', '-wal', '-shm', '-journal']) await rm(target + end, { force: true });
    throw storeError(error, target);
  }
}

async function assertBackup(path: string): Promise<void> {
  const kind = await backupKind(path);
  if (kind === 'sqlite') return;
  throw kind === 'postgres'
    ? new AppError(
        'UNSUPPORTED',
        `${path} is a backup of a PostgreSQL store: restore it into a PostgreSQL database, then ` +
          'copy that ("portolan db copy postgres://… FILE")',
      )
    : notABackup(path, 'it is neither a SQLite file nor a backup of a PostgreSQL store');
}

/** @throws AppError CONFIRMATION_NEEDED if the store has rows beyond those of a new store */
async function assertEmpty(path: string): Promise<void> {
  const { state } = await sqliteStatus(path, { mustBeUsable: true });
  if (state === 'empty') return;
  using db = openFile(path, { readOnly: true });
  if (!hasRows(db)) return;
  throw new AppError(
    'CONFIRMATION_NEEDED',
    `${path} is not empty: name another file, or pass --replace to delete its contents`,
  );
}

function hasRows(db: DatabaseSync): boolean {
  const tables = ['scan_jobs', 'hosts', 'certificates'];
  return tables.some((table) => db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined);
}

async function bringUpToDate(path: string): Promise<void> {
  using db = openFile(path, {});
  await prepareWriting(db);
  await migrate(sqliteMigrationDriver(db, path), await loadMigrations(migrationFolder));
}
