import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { storeError } from '../../../database/driver.ts';
import { loadMigrations, migrate } from '../../../database/migrate.ts';
import type { StoreAdmin } from '../../maintenance/store-admin.ts';
import type { MigrationStep } from '../../maintenance/status.ts';
import { sqliteConnection, sqliteDatabase } from '../database.ts';
import { sqliteMigrationDriver } from '../migration-driver.ts';
import { createFile, migrationFolder, tenantOf } from '../open.ts';
import { openAny, sqliteFile } from './file.ts';
import { sqliteStatus } from './status.ts';

/** Maintains the store in a file, which need not exist. */
export function sqliteAdmin(name: string): StoreAdmin {
  const path = resolve(name);
  const file = sqliteFile(path);
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
    [Symbol.asyncDispose]: () => Promise.resolve(file.close()),
  };
}

async function migrateFile(path: string, isDryRun: boolean): Promise<readonly MigrationStep[]> {
  const { pending } = await sqliteStatus(path, { mustBeUsable: true });
  if (isDryRun) return pending;
  if (!existsSync(path)) await createFile(path, { create: true });
  using db = await openAny(path);
  try {
    const count = await migrate(
      sqliteMigrationDriver(db, path),
      await loadMigrations(migrationFolder),
    );
    // A concurrent migrator may have applied some of the steps.
    return pending.slice(0, count);
  } catch (error) {
    throw storeError(error, path);
  }
}
