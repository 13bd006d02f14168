import { existsSync, statSync } from 'node:fs';
import { retryBusy } from '../../../database/busy.ts';
import { type DatabaseSync, storeError } from '../../../database/driver.ts';
import { firstRow } from '../../../database/rows.ts';
import { loadMigrations, pendingMigrations } from '../../../database/migrate.ts';
import { migrationState, type StoreStatus } from '../../maintenance/status.ts';
import { sqliteMigrationDriver } from '../migration-driver.ts';
import { assertOurs, migrationFolder, openFile } from '../open.ts';

/**
 * Inspects a store's file without changing it.
 *
 * @param options.mustBeUsable throw if the store is unusable instead of reporting it
 * @throws AppError STORE_CORRUPT for a file that is not a store
 */
export async function sqliteStatus(
  path: string,
  { mustBeUsable = false } = {},
): Promise<StoreStatus> {
  const migrations = await loadMigrations(migrationFolder);
  const bytes = sizeOf(path);
  const engine = `SQLite ${process.versions.sqlite ?? ''}`.trim();
  const about = { kind: 'sqlite', location: path, engine, bytes } as const;
  if (bytes === 0) {
    const state = existsSync(path) ? 'empty' : 'missing';
    return { ...about, ...migrationState(path, migrations, []), state, tenants: [], scans: 0 };
  }
  using db = openFile(path, { readOnly: true });
  try {
    await retryBusy(() => assertOurs(db, path));
    const applied = await sqliteMigrationDriver(db, path).applied();
    const state = migrationState(path, migrations, applied);
    if (mustBeUsable) pendingMigrations(path, migrations, applied);
    return {
      ...about,
      ...state,
      ...(state.version === 0 ? { tenants: [], scans: 0 } : contents(db)),
    };
  } catch (error) {
    throw storeError(error, path);
  }
}

/** Bytes of the file and its write-ahead log. */
export function sizeOf(path: string): number {
  return [path, `${path}-wal`].reduce(
    (sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function contents(db: DatabaseSync): Pick<StoreStatus, 'tenants' | 'scans'> {
  const tenants = db.prepare('SELECT name FROM tenants ORDER BY name').all<{ name: string }>();
  const { scans } = firstRow(
    db.prepare('SELECT count(*) AS scans FROM scan_jobs').all<{ scans: number }>(),
  );
  return { tenants: tenants.map(({ name }) => name), scans };
}
