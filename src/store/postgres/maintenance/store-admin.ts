import type pg from 'pg';
import type { PoolSettings } from '../../../config.ts';
import { loadMigrations, migrate } from '../../../database/migrate.ts';
import type { StoreAdmin } from '../../maintenance/store-admin.ts';
import type { MigrationStep } from '../../maintenance/status.ts';
import { assertCopyable, assertCurrent } from '../../maintenance/status.ts';
import { defaultPool, openPool, withoutPassword } from '../connection.ts';
import { postgresDatabase } from '../database.ts';
import { postgresMigrationDriver } from '../migration-driver.ts';
import { assertVersion, migrationFolder, tenantOf } from '../open.ts';
import { completeStore } from '../queue-schema.ts';
import { inTransaction, type Session, withClient } from '../session.ts';
import type { Server, UseClient } from './server.ts';
import { postgresStatus } from './status.ts';

/** The last migration of the development versions, with the same tables as the baseline. */
const lastDevelopment = 11;

/** How long to wait for locks and for a server restart. */
const patienceMs = 30_000;

/** Maintains a store in a PostgreSQL database. Connects on the first call. */
export function postgresAdmin(url: string, settings: PoolSettings = {}): StoreAdmin {
  const location = withoutPassword(url);
  const pool = openPool(url, { ...defaultPool, ...settings });
  const session: Session = { pool, url, location };
  const role = { name: 'portolan_maintenance' } as const;
  let current: Promise<void> | undefined;
  let copyable: Promise<void> | undefined;
  const inMaintenance: UseClient = (work) =>
    inTransaction(session, role, work, { isIdempotent: false, patienceMs });
  const server: Server = {
    ...session,
    async asOwner(work) {
      await (current ??= assertReady(session));
      return withClient(session, work);
    },
    async asMaintenance(work) {
      await (current ??= assertReady(session));
      return inMaintenance(work);
    },
    async asSource(work) {
      await (copyable ??= assertReady(session, assertCopyable(lastDevelopment)));
      return inMaintenance(work);
    },
  };
  return {
    kind: 'postgres',
    location,
    status: () => withClient(session, (client) => postgresStatus(client, location)),
    migrate: ({ isDryRun }) => withClient(session, (client) => bringUp(session, client, isDryRun)),
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
      return postgresDatabase(session, role, tenantId);
    },
    async [Symbol.asyncDispose]() {
      if (!pool.ending) await pool.end();
    },
  };
}

async function assertReady(session: Session, assertState = assertCurrent): Promise<void> {
  await withClient(session, async (client) => {
    await assertVersion(client, session.location);
    const applied = await postgresMigrationDriver(client, session.location).applied();
    assertState(session.location, await loadMigrations(migrationFolder), applied);
  });
}

async function bringUp(
  session: Session,
  client: pg.ClientBase,
  isDryRun: boolean,
): Promise<readonly MigrationStep[]> {
  const { location } = session;
  const { pending, state, latest } = await postgresStatus(client, location, { mustBeUsable: true });
  const repair = { version: latest, description: 'job queue, its role and grants' };
  if (isDryRun) return state === 'incomplete' ? [repair] : pending;
  const driver = postgresMigrationDriver(client, location);
  const count = await migrate(driver, await loadMigrations(migrationFolder));
  const isRepaired = await completeStore(session, client);
  if (pending.length === 0) return isRepaired ? [repair] : [];
  // A concurrent migrator may have applied some of the steps.
  return pending.slice(0, count);
}
