import type pg from 'pg';
import { firstRow } from '../../../database/rows.ts';
import { AppError } from '../../../errors.ts';
import type { MaintenanceOptions } from '../../maintenance/progress.ts';
import type { VacuumReport } from '../../maintenance/vacuum.ts';
import type { Server } from './server.ts';
import { makeAhead } from './partitions.ts';
import { postgresTables } from './tables.ts';

/** Views that are computed ahead, and what each of their rows stands for. */
const summaries = {
  'portolan_private.host_summary': 'SELECT count(*) AS n FROM hosts',
  'portolan_private.network_summary': `SELECT count(*) AS n FROM (SELECT DISTINCT tenant_id,
    network(set_masklen(address, CASE family(address) WHEN 4 THEN 24 ELSE 64 END)) FROM hosts) x`,
};

/** Makes room reusable, renews statistics and summaries, and makes partitions ahead. */
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
 * Makes the materialized views anew while others read them, and looks whether all went in: as a
 * role that row-level security binds, a refresh leaves rows out without a word.
 *
 * @returns their rows
 * @throws AppError STORE_DENIED
 */
export async function refreshSummaries(server: Server): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [view, query] of Object.entries(summaries)) {
    counts[view] = await server.asMaintenance(async (client) => {
      const before = await countOf(client, query);
      await client.query(`REFRESH MATERIALIZED VIEW CONCURRENTLY ${view}`);
      const rows = await countOf(client, `SELECT count(*) AS n FROM ${view}`);
      // Scans add to what is counted meanwhile.
      const after = await countOf(client, query);
      if (rows >= Math.min(before, after)) return rows;
      throw new AppError(
        'STORE_DENIED',
        `${view} has ${rows} rows of ${before} after its refresh: its owner does not see every ` +
          'tenant; an administrator gives portolan_maintenance BYPASSRLS and the view',
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
