import type pg from 'pg';
import type { PoolSettings } from '../../../config.ts';
import { loadMigrations, migrate } from '../../../database/migrate.ts';
import type { StoreAdmin, MigrationStep } from '../../maintenance/store-admin.ts';
import { assertCurrent } from '../../maintenance/status.ts';
import {
  defaultPool,
  isConnectionLost,
  openPool,
  postgresError,
  withoutPassword,
} from '../connection.ts';
import { postgresDatabase } from '../database.ts';
import { postgresMigrationDriver } from '../migration-driver.ts';
import { assertVersion, migrationFolder, tenantOf } from '../open.ts';
import { inTransaction, type Session } from '../session.ts';
import { postgresStatus } from './status.ts';

/** A store's server for those who keep it. */
export interface Server extends Session {
  /**
   * Runs `work` as the login user, who owns the tables, on a connection of its own; no transaction
   * is open. The store is up to date.
   */
  readonly asOwner: <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>;
  /** Runs `work` in a transaction that sees every tenant. The store is up to date. */
  readonly asMaintenance: <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>;
}

/** How long one waits for others' locks and for a server that restarts. */
const patienceMs = 30_000;

/** Keeps the store in a PostgreSQL database. It connects when something is to be done. */
export function postgresAdmin(url: string, settings: PoolSettings = {}): StoreAdmin {
  const location = withoutPassword(url);
  const pool = openPool(url, { ...defaultPool, ...settings });
  const session: Session = { pool, location };
  let current: Promise<void> | undefined;
  const server: Server = {
    ...session,
    async asOwner(work) {
      await (current ??= assertReady(session));
      return withClient(session, work);
    },
    async asMaintenance(work) {
      await (current ??= assertReady(session));
      const role = { name: 'portolan_maintenance' } as const;
      return inTransaction(session, role, work, { isIdempotent: false, patienceMs });
    },
  };
  return {
    kind: 'postgres',
    location,
    status: () => withClient(session, (client) => postgresStatus(client, location)),
    migrate: ({ isDryRun }) => withClient(session, (client) => bringUp(client, location, isDryRun)),
    check: async (options) => (await import('./check.ts')).checkServer(server, options),
    stats: async () => (await import('./stats.ts')).serverStats(server),
    vacuum: async (options) => (await import('./vacuum.ts')).vacuumServer(server, options),
    backup: async (...target) => (await import('./backup.ts')).backUpServer(server, ...target),
    restore: async (...source) => {
      const { restoreServer } = await import('./restore.ts');
      return restoreServer(session, ...source);
    },
    prune: async (request) => (await import('./prune.ts')).pruneServer(server, request),
    transfer: async () => (await import('./transfer.ts')).serverTransfer(server),
    async database(tenant) {
      await (current ??= assertReady(session));
      const tenantId = await tenantOf(session, tenant);
      return postgresDatabase(session, { name: 'portolan_maintenance' }, tenantId);
    },
    async [Symbol.asyncDispose]() {
      if (!pool.ending) await pool.end();
    },
  };
}

/** A connection that breaks between two statements says so here; the next statement fails. */
function ignore(): void {}

/**
 * Runs `work` on a connection of the pool, as the login user.
 *
 * @throws AppError STORE_UNREACHABLE, STORE_DENIED, STORE_FULL, BUSY; what `work` throws
 */
export async function withClient<T>(
  { pool, location }: Session,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  let client: pg.PoolClient | undefined;
  let broken: Error | undefined;
  try {
    client = await pool.connect();
    client.on('error', ignore);
    return await work(client);
  } catch (error) {
    if (isConnectionLost(error)) broken = error as Error;
    throw postgresError(error, location);
  } finally {
    client?.off('error', ignore);
    client?.release(broken);
  }
}

async function assertReady(session: Session): Promise<void> {
  await withClient(session, async (client) => {
    await assertVersion(client, session.location);
    const applied = await postgresMigrationDriver(client, session.location).applied();
    assertCurrent(session.location, await loadMigrations(migrationFolder), applied);
  });
}

async function bringUp(
  client: pg.ClientBase,
  location: string,
  isDryRun: boolean,
): Promise<readonly MigrationStep[]> {
  const { pending } = await postgresStatus(client, location, { mustBeUsable: true });
  if (isDryRun) return pending;
  const driver = postgresMigrationDriver(client, location);
  const count = await migrate(driver, await loadMigrations(migrationFolder));
  // Where others migrate at the same time, some of the steps are theirs.
  return pending.slice(0, count);
}
