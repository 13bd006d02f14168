import type pg from 'pg';
import { firstRow } from '../../../database/rows.ts';
import { AppError } from '../../../errors.ts';
import type { MaintenanceOptions } from '../../maintenance/progress.ts';
import type { VacuumReport } from '../../maintenance/vacuum.ts';
import type { Server } from './server.ts';
import { makeAhead } from './partitions.ts';
import { postgresTables } from './tables.ts';

/** Materialized views, each with a query for its expected row count. */
const summaries = {
  'portolan_private.host_summary': 'SELECT count(*) AS n FROM hosts',
  'portolan_private.network_summary': `SELECT count(*) AS n FROM (SELECT DISTINCT tenant_id,
    network(set_masklen(address, CASE family(address) WHEN 4 THEN 24 ELSE 64 END)) FROM hosts) x`,
};

/** Makes space reusable, refreshes statistics and summaries, and creates partitions in advance. */
export async function vacuumServer(
  server: Server,
  { signal, onProgress }: MaintenanceOptions = {},
): Promise<VacuumReport> {
  const { before, tables, partitionsMade } = await server.asOwner(async (client) => {
    const first = await sizeOf(client);
    const made = await makeAhead(client);
    const all = await postgresTables(client);
    for (const [done, { name }] of all.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ what: name, done, total: all.length });
      await client.query(`VACUUM (ANALYZE) ${name}`);
    }
    return { before: first, tables: all.length, partitionsMade: made };
  });
  const refreshed = await refreshSummaries(server);
  const bytesAfter = await server.asOwner(sizeOf);
  return { bytesBefore: before, bytesAfter, tables, refreshed, partitionsMade };
}

/**
 * Refreshes the materialized views while others read them, and checks their row counts: under a
 * role that is bound by row-level security, a refresh silently omits rows.
 *
 * @returns their row counts
 * @throws AppError STORE_DENIED
 */
export async function refreshSummaries(server: Server): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [view, query] of Object.entries(summaries)) {
    counts[view] = await server.asMaintenance(async (client) => {
      const before = await countOf(client, query);
      await client.query(`REFRESH MATERIALIZED VIEW CONCURRENTLY ${view}`);
      const rows = await countOf(client, `SELECT count(*) AS n FROM ${view}`);
      // Running scans may have added rows since the first count.
      const after = await countOf(client, query);
      if (rows >= Math.min(before, after)) return rows;
      throw new AppError(
        'STORE_DENIED',
        `${view} has ${rows} of ${before} rows after its refresh, because its owner does not see every ` +
          'tenant: an administrator must give portolan_maintenance BYPASSRLS and the view',
      );
    });
  }
  return counts;
}

async function countOf(client: pg.ClientBase, query: string): Promise<number> {
  return firstRow((await client.query<{ n: number }>(query)).rows).n;
}

async function sizeOf(client: pg.ClientBase): Promise<number> {
  return countOf(client, 'SELECT pg_database_size(current_database()) AS n');
}
