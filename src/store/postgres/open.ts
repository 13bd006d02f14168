import type pg from 'pg';
import type { PoolSettings } from '../../config.ts';
import { defaultTenantId } from '../../core/ids.ts';
import { loadMigrations, migrate, pendingMigrations } from '../../database/migrate.ts';
import { firstRow } from '../../database/rows.ts';
import { AppError } from '../../errors.ts';
import { sql } from '../sql.ts';
import type { Store } from '../store.ts';
import { defaultPool, openPool, postgresError, withoutPassword } from './connection.ts';
import { postgresDatabase } from './database.ts';
import type { postgresJobEvents } from './job-events.ts';
import { postgresMigrationDriver } from './migration-driver.ts';
import { type Session, withClient } from './session.ts';

/** The SQL migration files. */
export const migrationFolder = new URL('../../../sql/postgres/', import.meta.url);

export interface OpenPostgresOptions {
  /** Create the tables or bring them up to date; otherwise an older store is rejected. */
  readonly create?: boolean;
  /** Name or id of the tenant to use; by default the default tenant. */
  readonly tenant?: string | undefined;
  readonly pool?: PoolSettings;
}

/**
 * Opens a store in a PostgreSQL database (15 or newer).
 *
 * Durability: a recorded batch is on the server's disk, unless the server's `synchronous_commit`
 * says otherwise.
 *
 * @param url postgres://user:password@host:port/database
 * @throws AppError STORE_UNREACHABLE, STORE_DENIED, STORE_NEWER, MIGRATION_EDITED, NOT_FOUND (no
 *   such database or tenant), UNSUPPORTED
 */
export async function openPostgresStore(
  url: string,
  options: OpenPostgresOptions = {},
): Promise<Store> {
  const location = withoutPassword(url);
  const pool = openPool(url, { ...defaultPool, ...options.pool });
  const session: Session = { pool, url, location };
  try {
    await prepare(session, options.create ?? false);
    const tenantId = await tenantOf(session, options.tenant);
    return postgresStore(session, tenantId);
  } catch (error) {
    await pool.end();
    throw postgresError(error, location);
  }
}

function postgresStore(session: Session, tenantId: string): Store {
  const role = { name: 'portolan_app', tenantId } as const;
  let recorder: Store['record'] | undefined;
  const record: Store['record'] = async (...batch) => {
    recorder ??= (await import('./record.ts')).postgresRecorder(session, role);
    return await recorder(...batch);
  };
  const close = async (): Promise<void> => {
    if (!session.pool.ending) await session.pool.end();
  };
  const database = postgresDatabase(session, role, tenantId);
  return {
    database,
    maintenance: postgresDatabase(session, { name: 'portolan_maintenance' }, tenantId),
    location: session.location,
    isShared: true,
    async stamp() {
      // Every write consumes a transaction id.
      const rows = await database.query<{ stamp: string }>(
        sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS stamp`,
      );
      return firstRow(rows).stamp;
    },
    record,
    forTenant: (id) => ({ ...postgresStore(session, id), ...closesNothing }),
    tenantsAtWork: () => tenantsOf(session, 'tenants_at_work'),
    tenantsWithSchedules: () => tenantsOf(session, 'tenants_with_schedules'),
    jobEvents: (signal) => jobEvents(session, tenantId, signal),
    async runQueue(queue) {
      await (await import('./queue.ts')).runPostgresQueue(session, queue);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** @throws AppError STORE_DENIED if the login is not a member of portolan_worker */
async function tenantsOf(
  { pool, location }: Session,
  list: 'tenants_at_work' | 'tenants_with_schedules',
): Promise<string[]> {
  try {
    const { rows } = await pool.query<{ id: string }>(
      `SELECT tenant AS id FROM portolan_private.${list}() AS tenant`,
    );
    return rows.map(({ id }) => id);
  } catch (error) {
    throw postgresError(error, location);
  }
}

const closesNothing = {
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function* jobEvents(
  ...parameters: Parameters<typeof postgresJobEvents>
): ReturnType<typeof postgresJobEvents> {
  yield* (await import('./job-events.ts')).postgresJobEvents(...parameters);
}

/** Checks the tables; if allowed and needed, creates or migrates them and the queue. */
async function prepare(session: Session, create: boolean): Promise<void> {
  const migrations = await loadMigrations(migrationFolder);
  const { location } = session;
  await withClient(session, async (client) => {
    await assertVersion(client, location);
    const driver = postgresMigrationDriver(client, location);
    const applied = await driver.applied();
    const isCurrent = pendingMigrations(location, migrations, applied).length === 0;
    if (!create && !isCurrent) throw notReady(location, applied.length);
    if (!create) return;
    const { completeStore, isOwner } = await import('./queue-schema.ts');
    if (!isCurrent) await migrate(driver, migrations);
    // Other logins need the queue only for queued scans and workers, which report what is missing.
    if (await isOwner(client)) await completeStore(session, client);
  });
}

function notReady(location: string, applied: number): AppError {
  return applied === 0
    ? new AppError(
        'NOT_FOUND',
        `${location} holds no store yet: "portolan db migrate --db URL", a scan or an import creates one`,
      )
    : new AppError(
        'STORE_OLDER',
        `${location} was made by an older Portolan: "portolan db migrate --db URL" upgrades it`,
      );
}

/** @throws AppError UNSUPPORTED for a server older than version 15 */
export async function assertVersion(client: pg.ClientBase, location: string): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
  const version = Number(firstRow(rows).server_version_num);
  if (version >= 150_000) return;
  throw new AppError(
    'UNSUPPORTED',
    `${location} is PostgreSQL ${Math.floor(version / 10_000)}: Portolan needs 15 or newer`,
  );
}

/**
 * Looks up a tenant's id. Until the tenant is set, only a name lookup is possible.
 *
 * @throws AppError NOT_FOUND
 */
export async function tenantOf(
  { pool, location }: Session,
  tenant: string | undefined,
): Promise<string> {
  if (tenant === undefined || tenant === 'default') return defaultTenantId;
  const { rows } = await pool.query<{ id: string | null }>(
    'SELECT portolan_private.tenant_id_of($1) AS id',
    [tenant],
  );
  const id = rows[0]?.id;
  if (id) return id;
  throw new AppError(
    'NOT_FOUND',
    `${location} has no tenant "${tenant}": see "portolan tenant list", or ` +
      'create it with "portolan tenant add"',
  );
}
