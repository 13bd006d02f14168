import { firstRow } from '../../../database/rows.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { prunable, type PruneReport, type PruneRequest } from '../../maintenance/prune.ts';
import { isCollision } from '../connection.ts';
import { transaction } from '../transaction.ts';
import { tenantOf } from '../open.ts';
import type { Server } from './server.ts';
import { quoted } from './tables.ts';

/** A scan that has ended before $1. */
const isOld = `status IN ('completed', 'failed', 'cancelled', 'crashed')
  AND coalesce(completed_at, started_at, requested_at) < $1`;

/** Scans per transaction. */
const scansAtOnce = 50;

/** How long dropping a month's partition waits for users of its table before it retries. */
const lockTimeoutMs = 3000;
const mostTries = 10;

/** What to remove, as of when it was determined. */
interface Plan {
  readonly ids: readonly string[];
  readonly named: readonly string[];
  readonly removesScans: boolean;
  /** Epoch ms as a timestamp for the server. */
  readonly before: string;
}

/** Removes the rows of old scans: whole months by dropping partitions, single scans row by row. */
export async function pruneServer(server: Server, request: PruneRequest): Promise<PruneReport> {
  const { before, tables, keepScans, tenant, isDryRun } = request;
  const tenantId = tenant === undefined ? undefined : await tenantOf(server, tenant);
  const plan: Plan = {
    ids: await oldScans(server, request, tenantId),
    named: tables ?? prunable,
    removesScans: tables === undefined && !keepScans,
    before: new Date(before).toISOString(),
  };
  const partitions = await oldPartitions(server, plan);
  const tenants = await scansOfTenants(server, plan);
  const scans = Object.values(tenants).reduce((sum, each) => sum + each, 0);
  const rows = isDryRun
    ? await countRows(server, plan)
    : await remove(server, { plan, partitions, request });
  return { isDryRun, before, scans, rows, tenants, partitions };
}

function oldScans(
  server: Server,
  { before, scans }: PruneRequest,
  tenantId: string | undefined,
): Promise<string[]> {
  return server.asMaintenance(async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM scan_jobs WHERE ${isOld} AND ($2::uuid IS NULL OR tenant_id = $2)
         AND ($3::uuid[] IS NULL OR id = ANY ($3))
       ORDER BY id`,
      [new Date(before).toISOString(), tenantId ?? null, scans ?? null],
    );
    return rows.map(({ id }) => id);
  });
}

/** Past months in which every tenant's scans are removed. */
async function oldPartitions(server: Server, { ids, named, before }: Plan): Promise<string[]> {
  return server.asMaintenance(async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT c.relname AS name
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
       CROSS JOIN LATERAL (SELECT to_timestamp(right(c.relname, 7), 'YYYY_MM') AS month) m
       WHERE c.relkind = 'r' AND c.relname ~ '_\\d{4}_\\d{2}$' AND p.relname = ANY ($2)
         AND m.month + interval '1 month' <= $1
         AND NOT EXISTS (SELECT FROM scan_jobs WHERE id >= uuid_at(m.month)
           AND id < uuid_at(m.month + interval '1 month') AND NOT id = ANY ($3))
       ORDER BY c.relname`,
      [before, named, ids],
    );
    return rows.map(({ name }) => name);
  });
}

/** Scans that lose rows, by tenant. */
function scansOfTenants(
  server: Server,
  { ids, named, removesScans }: Plan,
): Promise<Record<string, number>> {
  const has = named.map((table) => `EXISTS (SELECT FROM ${table} x WHERE x.job_id = j.id)`);
  const losing = removesScans ? 'true' : has.join(' OR ');
  return server.asMaintenance(async (client) => {
    const { rows } = await client.query<{ tenant: string; n: number }>(
      `SELECT tenant_id AS tenant, count(*) AS n FROM scan_jobs j
       WHERE id = ANY ($1) AND (${losing}) GROUP BY 1 ORDER BY 1`,
      [ids],
    );
    return Object.fromEntries(rows.map(({ tenant, n }) => [tenant, n]));
  });
}

function countRows(server: Server, { ids, named }: Plan): Promise<Record<string, number>> {
  return server.asMaintenance(async (client) => {
    const counts: Record<string, number> = {};
    for (const table of named) {
      const { rows } = await client.query<{ n: number }>(
        `SELECT count(*) AS n FROM ${table} WHERE job_id = ANY ($1)`,
        [ids],
      );
      counts[table] = firstRow(rows).n;
    }
    return counts;
  });
}

interface Removal {
  readonly plan: Plan;
  readonly partitions: readonly string[];
  readonly request: PruneRequest;
}

async function remove(
  server: Server,
  { plan, partitions, request: { signal, onProgress } }: Removal,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = Object.fromEntries(plan.named.map((name) => [name, 0]));
  for (const [done, partition] of partitions.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ what: partition, done, total: partitions.length });
    const table = partition.replace(/_\d{4}_\d{2}$/, '');
    const rows = await dropPartition(server, partition, plan);
    counts[table] = (counts[table] ?? 0) + rows;
  }
  for (let done = 0; done < plan.ids.length; done += scansAtOnce) {
    signal?.throwIfAborted();
    onProgress?.({ what: 'scans', done, total: plan.ids.length });
    const gone = await removeScans(server, plan, plan.ids.slice(done, done + scansAtOnce));
    for (const [table, rows] of Object.entries(gone)) counts[table] = (counts[table] ?? 0) + rows;
  }
  return counts;
}

/**
 * Drops a month's partition, unless a scan of that month was resumed. Dropping it briefly locks the
 * fact table, `scan_jobs` and `hosts`; if others hold them for longer, it backs off and retries.
 *
 * @returns the number of rows it had
 */
async function dropPartition(server: Server, partition: string, plan: Plan): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await server.asOwner((client) => dropOnce(client, partition, plan));
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!isCollision(cause ?? error) || tries === mostTries) throw error;
    }
    await sleep(200 * tries * (0.5 + Math.random()));
  }
}

async function dropOnce(client: pg.ClientBase, partition: string, plan: Plan): Promise<number> {
  return transaction(client, async () => {
    await client.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    await client.query(`LOCK TABLE ${quoted(partition)} IN ACCESS EXCLUSIVE MODE`);
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(*) AS n FROM ${quoted(partition)}`,
    );
    const isStillOld = await allOld(client, partition, plan);
    if (isStillOld) await client.query(`DROP TABLE ${quoted(partition)}`);
    return isStillOld ? firstRow(rows).n : 0;
  });
}

async function allOld(
  client: pg.ClientBase,
  partition: string,
  { ids, before }: Plan,
): Promise<boolean> {
  await client.query('SET LOCAL ROLE portolan_maintenance');
  const { rowCount } = await client.query(
    `SELECT FROM scan_jobs, to_timestamp($2, 'YYYY_MM') AS month
     WHERE id >= uuid_at(month) AND id < uuid_at(month + interval '1 month') AND NOT (${isOld} AND id = ANY ($3))
     LIMIT 1`,
    [before, partition.slice(-7), ids],
  );
  await client.query('RESET ROLE');
  return rowCount === 0;
}

/** Removes the rows of some scans, except any that were resumed. */
function removeScans(
  server: Server,
  { named, removesScans, before }: Plan,
  some: readonly string[],
): Promise<Record<string, number>> {
  return server.asMaintenance(async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM scan_jobs WHERE id = ANY ($2) AND ${isOld} FOR UPDATE`,
      [before, some],
    );
    const ids = rows.map(({ id }) => id);
    const counts: Record<string, number> = {};
    for (const table of named) {
      const gone = await client.query(`DELETE FROM ${table} WHERE job_id = ANY ($1)`, [ids]);
      counts[table] = gone.rowCount ?? 0;
    }
    if (removesScans) await client.query('DELETE FROM scan_jobs WHERE id = ANY ($1)', [ids]);
    return counts;
  });
}
