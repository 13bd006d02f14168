import { firstRow } from '../../../database/rows.ts';
import type pg from 'pg';
import type {
  ConnectionStats,
  IndexStats,
  MonthStats,
  PartitionStats,
  StoreStats,
  TableStats,
} from '../../maintenance/stats.ts';
import type { Server } from './server.ts';

/** Tables, partitions and materialized views, each with its parent table. */
const relations = `
  SELECT coalesce(i.inhparent, c.oid)::regclass::text AS "table", c.oid::regclass::text AS name,
    i.inhparent IS NOT NULL AS "isPartition",
    greatest(coalesce(s.n_live_tup, 0), c.reltuples, 0)::bigint AS rows,
    CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_table_size(c.oid) END AS bytes,
    CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_indexes_size(c.oid) END AS "indexBytes",
    coalesce(s.n_dead_tup, 0) AS "deadRows", coalesce(s.n_tup_ins, 0) AS inserts,
    coalesce(s.n_tup_upd, 0) AS updates
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid AND c.relkind <> 'p'
  WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  ORDER BY c.oid::regclass::text`;

/** Indexes; those of partitions count toward their table's index. */
const indexes = `
  SELECT coalesce(h.inhparent, s.indexrelid)::regclass::text AS name,
    coalesce(t.inhparent, s.relid)::regclass::text AS "table",
    sum(pg_relation_size(s.indexrelid))::bigint AS bytes, sum(s.idx_scan)::bigint AS scans
  FROM pg_stat_user_indexes s
  LEFT JOIN pg_inherits h ON h.inhrelid = s.indexrelid
  LEFT JOIN pg_inherits t ON t.inhrelid = s.relid
  WHERE s.schemaname NOT LIKE 'pg\\_%'
  GROUP BY 1, 2 ORDER BY 3 DESC, 1`;

const months = `
  SELECT to_char(requested_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS scans,
    sum(host_count) AS hosts, sum(ports_open) AS "openPorts", sum(error_count) AS errors
  FROM scan_jobs GROUP BY 1 ORDER BY 1 DESC`;

const database = `
  SELECT pg_database_size(d.datname) AS bytes, d.xact_commit AS committed,
    d.xact_rollback AS "rolledBack",
    (SELECT sum(heap_blks_hit + coalesce(idx_blks_hit, 0))::float8
      / nullif(sum(heap_blks_hit + coalesce(idx_blks_hit, 0) + heap_blks_read
        + coalesce(idx_blks_read, 0)), 0) FROM pg_statio_user_tables) AS "cacheHitRatio",
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS server,
    current_setting('max_connections')::int AS "serverMax",
    (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'portolan'
      AND datname = d.datname) AS portolan
  FROM pg_stat_database d WHERE d.datname = current_database()`;

type Relation = Omit<TableStats, 'partitions'> & { table: string; isPartition: boolean };

/** Sizes, growth and use of a PostgreSQL store. Row counts are the server's estimates. */
export async function serverStats(server: Server): Promise<StoreStats> {
  const all = await server.asOwner(async (client) => ({
    relations: await rowsOf<Relation>(client, relations),
    indexes: await rowsOf<IndexStats>(client, indexes),
    database: firstRow(await rowsOf<DatabaseRow>(client, database)),
  }));
  const perMonth = await server.asMaintenance((client) => rowsOf<MonthStats>(client, months));
  const { bytes, cacheHitRatio, committed, rolledBack } = all.database;
  return {
    location: server.location,
    bytes,
    isEstimate: true,
    tables: tablesOf(all.relations).toSorted(
      (a, b) => b.bytes + b.indexBytes - a.bytes - a.indexBytes,
    ),
    indexes: all.indexes,
    months: perMonth,
    cacheHitRatio,
    transactions: { committed, rolledBack },
    connections: connectionsOf(server.pool, all.database),
  };
}

interface DatabaseRow extends Omit<ConnectionStats, 'pool'> {
  readonly bytes: number;
  readonly committed: number;
  readonly rolledBack: number;
  readonly cacheHitRatio: number | null;
}

async function rowsOf<Row extends object>(client: pg.ClientBase, query: string): Promise<Row[]> {
  return (await client.query<Row>(query)).rows;
}

/** Adds a table's partitions to it. */
function tablesOf(found: readonly Relation[]): TableStats[] {
  const parts = Map.groupBy(found, ({ table }) => table);
  return [...parts].map(([name, all]) => {
    const sum = (field: 'rows' | 'bytes' | 'indexBytes' | 'deadRows' | 'inserts' | 'updates') =>
      // A partitioned table's own row repeats the estimates of its partitions.
      all
        .filter(({ isPartition }) => isPartition || all.length === 1)
        .reduce((total, part) => total + (part[field] ?? 0), 0);
    const partitions: PartitionStats[] = all
      .filter(({ isPartition }) => isPartition)
      .map(({ name: part, rows, bytes, indexBytes }) => ({
        name: part,
        rows,
        bytes: bytes + indexBytes,
      }));
    return {
      name,
      rows: sum('rows'),
      bytes: sum('bytes'),
      indexBytes: sum('indexBytes'),
      deadRows: sum('deadRows'),
      inserts: sum('inserts'),
      updates: sum('updates'),
      partitions,
    };
  });
}

function connectionsOf(
  { options, totalCount, idleCount, waitingCount }: pg.Pool,
  { server, serverMax, portolan }: DatabaseRow,
): ConnectionStats {
  const pool = { max: options.max, open: totalCount, idle: idleCount, waiting: waitingCount };
  return { server, serverMax, portolan, pool };
}
