import {
  bannerRows,
  errorRows,
  hostRows,
  httpRows,
  type RowBatches,
  runRows,
} from '../../store/export/data-set-rows.ts';
import {
  certificateRows,
  inventoryHostRows,
  inventoryPortRows,
  serviceRows,
  tlsRows,
} from '../../store/export/query-rows.ts';
import type { Store, StoreDatabase } from '../../store/store.ts';
import type { DuckDb } from './duckdb.ts';
import { portRelation } from './ports/port-relation.ts';
import { openAppender } from './appender.ts';
import { type ColumnType, type QueryTable, allTables } from './tables.ts';

/** Reports the rows read of a table; `of` where the total is known. */
export type TableProgress = (table: QueryTable, rows: number, of?: number) => void;

export interface RelationsRequest {
  readonly tables: readonly QueryTable[];
  /** UUIDs of scans. */
  readonly ids: readonly string[];
  /** For intermediate files; the caller removes it. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: TableProgress | undefined;
}

/** A query for the rows of each table, with the columns of `allTables`. */
export type TableQueries = ReadonlyMap<QueryTable, string>;

/** The query of a requested table. */
export function queryOf(queries: TableQueries, table: QueryTable): string {
  const query = queries.get(table);
  if (query === undefined) throw new TypeError(`"${table}" was not read`);
  return query;
}

export interface Relations extends Disposable {
  readonly queries: TableQueries;
}

type TableReader = (db: StoreDatabase, ids: readonly string[]) => RowBatches;

/** All tables except `ports`, which has its own readers. */
const readers = new Map<QueryTable, TableReader>([
  ['runs', runRows],
  ['hosts', hostRows],
  ['banners', bannerRows],
  ['http_endpoints', httpRows],
  ['errors', errorRows],
  ['services', serviceRows],
  ['tls_handshakes', tlsRows],
  ['certificates', certificateRows],
  ['inventory_hosts', inventoryHostRows],
  ['inventory_ports', inventoryPortRows],
]);

/**
 * Reads tables of the data set out of a store into DuckDB. The query of `ports` can run only once:
 * its rows are streamed.
 */
export async function readRelations(
  store: Store,
  duck: DuckDb,
  request: RelationsRequest,
): Promise<Relations> {
  const { tables, ids, onProgress } = request;
  const queries = new Map<QueryTable, string>();
  // Ports before hosts: a running scan may record more of both in between.
  const ports = tables.includes('ports')
    ? await portRelation(store, duck, {
        ids,
        folder: request.folder,
        onRows: (rows, of) => onProgress?.('ports', rows, of),
      })
    : undefined;
  const dispose = (): void => ports?.[Symbol.dispose]();
  try {
    for (const [table, read] of readers) {
      if (!tables.includes(table) && !(table === 'hosts' && ports)) continue;
      const from = await appendRows(store, duck, { ...request, table, read });
      const columns = Object.keys(allTables[table]).join(', ');
      if (tables.includes(table)) queries.set(table, `SELECT ${columns} FROM ${from}`);
      if (table === 'hosts' && ports) queries.set('ports', joinPorts(ports.query, from));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { queries, [Symbol.dispose]: dispose };
}

async function appendRows(
  store: Store,
  duck: DuckDb,
  request: RelationsRequest & { table: QueryTable; read: TableReader },
): Promise<string> {
  const { table, read, ids, folder, signal, onProgress } = request;
  const keys = table === 'hosts' ? hostKeys(store) : {};
  const columns: Readonly<Record<string, ColumnType>> = { ...allTables[table], ...keys };
  const appender = await openAppender(duck, { name: table, columns, folder });
  let rows = 0;
  for await (const batch of read(store.database, ids)) {
    signal?.throwIfAborted();
    await appender.append(batch);
    rows += batch.length;
    onProgress?.(table, rows);
  }
  return appender.finish();
}

/** Keys as in the columns of ports. */
function hostKeys({ database }: Store): Readonly<Record<'job' | 'host', ColumnType>> {
  const type = database.dialect.hasNumberKeys ? 'DOUBLE' : 'VARCHAR';
  return { job: type, host: type };
}

/** V1's ports. Ids are built here, so that they need not pass through JavaScript. */
function joinPorts(ports: string, hosts: string): string {
  return `
    SELECT concat(h.host_id, '/', p.transport, '/', p.port) AS port_id, h.host_id, p.transport,
      p.port, p.state, p.reason, p.service AS service_name, p.confidence,
      p.first_seen AS first_seen_ms, p.last_seen AS last_seen_ms
    FROM (${ports}) p LEFT JOIN ${hosts} h ON h.job = p.job AND h.host = p.host`;
}
