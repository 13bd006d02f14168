import type pg from 'pg';
import { loadMigrations, pendingMigrations } from '../../../database/migrate.ts';
import { firstRow } from '../../../database/rows.ts';
import { systemCode } from '../../../errors.ts';
import { migrationState, type StoreStatus } from '../../maintenance/status.ts';
import { postgresMigrationDriver } from '../migration-driver.ts';
import { assertVersion, migrationFolder } from '../open.ts';
import { missingParts } from '../queue-schema.ts';
import { beginAs } from '../session.ts';

/**
 * Inspects a store without changing it.
 *
 * @param options.mustBeUsable throw if the store is unusable instead of reporting it
 */
export async function postgresStatus(
  client: pg.ClientBase,
  location: string,
  { mustBeUsable = false } = {},
): Promise<StoreStatus> {
  await assertVersion(client, location);
  const migrations = await loadMigrations(migrationFolder);
  const applied = await postgresMigrationDriver(client, location).applied();
  const state = migrationState(location, migrations, applied);
  if (mustBeUsable) pendingMigrations(location, migrations, applied);
  const { rows } = await client.query<{ bytes: number; version: string }>(
    `SELECT pg_database_size(current_database()) AS bytes,
      current_setting('server_version') AS version`,
  );
  const { bytes, version } = firstRow(rows);
  const [missing] = state.state === 'current' ? await missingParts(client) : [];
  return {
    kind: 'postgres',
    location,
    ...state,
    ...(missing && { state: 'incomplete', problem: `${missing.message}: ${missing.remedy}` }),
    engine: `PostgreSQL ${version}`,
    bytes,
    ...(state.version === 0 ? { tenants: [], scans: 0 } : await contents(client)),
  };
}

/** Users who may not see every tenant still get the rest of the status. */
async function contents(client: pg.ClientBase): Promise<Pick<StoreStatus, 'tenants' | 'scans'>> {
  try {
    await client.query(beginAs({ name: 'portolan_maintenance' }));
    const tenants = await client.query<{ name: string }>('SELECT name FROM tenants ORDER BY name');
    const scans = await client.query<{ n: number }>('SELECT count(*) AS n FROM scan_jobs');
    return { tenants: tenants.rows.map(({ name }) => name), scans: firstRow(scans.rows).n };
  } catch (error) {
    // The role or privilege is missing, or the tables are from before these existed.
    if (/^(42501|42704|42P01|22023)$/.test(systemCode(error) ?? ''))
      return { tenants: [], scans: 0 };
    throw error;
  } finally {
    await client.query('ROLLBACK');
  }
}
