import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type pg from 'pg';
import { firstRow } from '../../database/rows.ts';
import { AppError } from '../../errors.ts';
import { queuePool } from './queue-pool.ts';
import type { Session } from './session.ts';

/** Our key for the server's advisory locks. */
const lock = 7_237_113;

/**
 * Privileges of workers, as members of portolan_worker. The queue's tables have row-level security
 * without a policy, which admits only their owner. A message names only a tenant.
 */
const grants = `
  DO $$
  BEGIN
    IF to_regrole('portolan_worker') IS NULL THEN
      CREATE ROLE portolan_worker NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
  END
  $$;
  GRANT USAGE ON SCHEMA graphile_worker, portolan_private TO portolan_worker;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA graphile_worker TO portolan_worker;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA graphile_worker TO portolan_worker;
  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA graphile_worker TO portolan_worker;
  GRANT EXECUTE ON FUNCTION portolan_private.tenants_at_work (),
    portolan_private.tenants_with_schedules () TO portolan_worker;
  DO $$
  DECLARE queue_table regclass;
  BEGIN
    FOR queue_table IN
      SELECT c.oid FROM pg_class c
      WHERE c.relnamespace = 'graphile_worker'::regnamespace AND c.relrowsecurity
        AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    LOOP
      EXECUTE format('CREATE POLICY portolan_worker ON %s TO portolan_worker USING (true)
        WITH CHECK (true)', queue_table);
    END LOOP;
  END
  $$`;

/** Creates or updates the queue's own tables, with the rights of their owner. */
async function migrateQueue(url: string): Promise<void> {
  const { runMigrations } = await import('graphile-worker');
  const { silent } = await import('./queue-logger.ts');
  const pool = queuePool(url);
  try {
    // One at a time, because concurrent GRANTs conflict.
    const client = await pool.connect();
    try {
      await client.query('SELECT pg_advisory_lock($1)', [lock]);
      await runMigrations({ pgPool: pool, logger: silent() });
      await client.query(grants);
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}

/** What a store lacks beside its tables. */
export interface MissingPart {
  /** A role or a schema. */
  readonly object: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Whether `migrate` creates it. */
  readonly isCreated: boolean;
}

const remedy =
  '"portolan db migrate --db URL", as the owner of the store or a superuser, repairs it';

/** Only catalogs, which every login may read. `$1` is a role that takes messages. */
const queryParts = `
  SELECT
    array_to_string(array(SELECT name FROM unnest(
      '{portolan_app,portolan_maintenance,portolan_worker}'::text[]) AS name
      WHERE to_regrole(name) IS NULL), ' ') AS roles,
    queue.oid IS NOT NULL AND EXISTS (SELECT FROM pg_class
      WHERE relnamespace = queue.oid AND relname = 'migrations') AS "hasQueue",
    coalesce((SELECT has_schema_privilege(queue.oid, 'USAGE')
        AND has_table_privilege(oid, 'SELECT') FROM pg_class
      WHERE relnamespace = queue.oid AND relname = 'migrations'), false) AS "isReadable",
    NOT coalesce(has_schema_privilege(taker, queue.oid, 'USAGE'), false)
    OR EXISTS (SELECT FROM pg_class c,
        unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS privilege
      WHERE c.relnamespace = queue.oid AND c.relkind = 'r'
        AND NOT has_table_privilege(taker, c.oid, privilege))
    OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = queue.oid AND c.relkind = 'r'
      AND c.relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))
    OR EXISTS (SELECT FROM pg_class c
      WHERE c.relnamespace = queue.oid
        AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(taker, c.oid, 'USAGE') END)
    OR EXISTS (SELECT FROM pg_proc p
      WHERE (p.pronamespace = queue.oid OR p.pronamespace = 'portolan_private'::regnamespace
          AND p.proname IN ('tenants_at_work', 'tenants_with_schedules'))
        AND NOT has_function_privilege(taker, p.oid, 'EXECUTE'))
    OR NOT has_schema_privilege(taker, 'portolan_private', 'USAGE') AS "lacksGrants"
  FROM (SELECT to_regrole($1)::oid AS taker) AS role
    LEFT JOIN pg_namespace queue ON queue.nspname = 'graphile_worker'`;

interface Parts {
  /** The missing ones, separated by spaces. */
  readonly roles: string;
  readonly hasQueue: boolean;
  readonly isReadable: boolean;
  readonly lacksGrants: boolean | null;
}

async function readParts(client: pg.ClientBase, taker: string): Promise<Parts> {
  return firstRow((await client.query<Parts>(queryParts, [taker])).rows);
}

/** Finds the roles, the queue and the grants on it that a store lacks. */
export async function missingParts(client: pg.ClientBase): Promise<MissingPart[]> {
  const { roles, hasQueue, isReadable, lacksGrants } = await readParts(client, 'portolan_worker');
  const parts: MissingPart[] = roles
    .split(' ')
    .filter(Boolean)
    .map((object) => {
      const isCreated = object === 'portolan_worker';
      const load = 'create the roles on this server, then load the dump into a new database';
      const message = `the role ${object} is missing`;
      return { object, message, remedy: isCreated ? remedy : load, isCreated };
    });
  const queue = { object: 'graphile_worker', remedy, isCreated: true };
  if (!hasQueue) {
    parts.push({ ...queue, message: 'the job queue is missing' });
  } else if (isReadable && (await queueVersion(client)) < (await latestQueueVersion())) {
    parts.push({ ...queue, message: 'the job queue is incomplete or of an older Portolan' });
  } else if (lacksGrants && !roles.includes('portolan_worker')) {
    parts.push({ ...queue, message: 'portolan_worker lacks rights on the job queue' });
  }
  return parts;
}

async function queueVersion(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(id), 0) AS version FROM graphile_worker.migrations',
  );
  return firstRow(rows).version;
}

/** The last migration of the queue library, one numbered file each. */
async function latestQueueVersion(): Promise<number> {
  const files = await readdir(
    join(createRequire(import.meta.url).resolve('graphile-worker'), '../../sql'),
  );
  return Math.max(...files.map((name) => Number.parseInt(name, 10)));
}

/**
 * Creates what a store lacks beside its tables.
 *
 * @returns whether anything was missing
 * @throws AppError STORE_INCOMPLETE if the login may not create it
 */
export async function completeStore(
  { url, location }: Session,
  client: pg.ClientBase,
): Promise<boolean> {
  const missing = await missingParts(client);
  if (missing.length === 0) return false;
  if (missing.every(({ isCreated }) => isCreated)) await migrateQueue(url);
  assertComplete(location, await missingParts(client));
  return true;
}

/** @throws AppError STORE_INCOMPLETE */
function assertComplete(location: string, [part]: readonly MissingPart[]): void {
  if (!part) return;
  throw new AppError('STORE_INCOMPLETE', `${location}: ${part.message}: ${part.remedy}`);
}

/**
 * Throws unless the connection's login can take messages from the queue.
 *
 * @throws AppError STORE_INCOMPLETE, STORE_DENIED
 */
export async function assertQueue(client: pg.ClientBase, location: string): Promise<void> {
  assertComplete(location, await missingParts(client));
  const { rows } = await client.query<{ login: string }>(
    'SELECT quote_ident(current_user) AS login',
  );
  const { login } = firstRow(rows);
  if (!(await readParts(client, login)).lacksGrants) return;
  throw new AppError(
    'STORE_DENIED',
    `${location}: ${login} may not use the job queue: "GRANT portolan_worker TO ${login}" as a ` +
      'superuser permits it',
  );
}

/** Whether the login owns the store's tables. */
export async function isOwner(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ isOwner: boolean }>(
    `SELECT pg_has_role(relowner, 'USAGE') AS "isOwner" FROM pg_class
     WHERE oid = 'migrations'::regclass`,
  );
  return firstRow(rows).isOwner;
}
