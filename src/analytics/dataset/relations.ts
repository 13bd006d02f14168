import {
  bannerRows,
  errorRows,
  hostRows,
  httpRows,
  type RowBatches,
  runRows,
} from '../../store/data-set-rows.ts';
import type { Store, StoreDatabase } from '../../store/store.ts';
import type { DuckDb } from './duckdb.ts';
import { portRelation, type PortsRequest } from './port-relation.ts';
import { openStage } from './stage.ts';
import { type ColumnType, type DataSetTable, dataSetTables } from './tables.ts';

/** Told how far a table is; `of` where that is known. */
export type TableProgress = (table: DataSetTable, rows: number, of?: number) => void;

export type RelationsRequest = Omit<PortsRequest, 'onRows'> & {
  readonly tables: readonly DataSetTable[];
  readonly onProgress?: TableProgress | undefined;
};

const rowsOf: Readonly<
  Record<Exclude<DataSetTable, 'ports'>, (db: StoreDatabase, ids: readonly string[]) => RowBatches>
> = {
  runs: runRows,
  hosts: hostRows,
  banners: bannerRows,
  http_endpoints: httpRows,
  errors: errorRows,
};

/**
 * Reads tables of the data set out of a store into DuckDB.
 *
 * @returns for each table a query that gives its rows, with the columns of `dataSetTables`
 */
export async function readRelations(
  store: Store,
  duck: DuckDb,
  request: RelationsRequest,
): Promise<ReadonlyMap<DataSetTable, string>> {
  const { tables, onProgress } = request;
  const relations = new Map<DataSetTable, string>();
  // Ports before hosts: what a scan under way records in between has its host then.
  const ports = tables.includes('ports')
    ? await portRelation(store, duck, {
        ...request,
        onRows: (rows, of) => onProgress?.('ports', rows, of),
      })
    : undefined;
  for (const table of Object.keys(rowsOf) as (keyof typeof rowsOf)[]) {
    const isWanted = tables.includes(table) || (table === 'hosts' && ports !== undefined);
    if (!isWanted) continue;
    const from = await stageRows(store, duck, { ...request, table });
    const columns = Object.keys(dataSetTables[table]).join(', ');
    if (tables.includes(table)) relations.set(table, `SELECT ${columns} FROM ${from}`);
    if (table === 'hosts' && ports) relations.set('ports', joinPorts(ports, from));
  }
  return relations;
}

async function stageRows(
  store: Store,
  duck: DuckDb,
  { table, ids, folder, signal, onProgress }: RelationsRequest & { table: keyof typeof rowsOf },
): Promise<string> {
  const keys = table === 'hosts' ? hostKeys(store) : {};
  const columns: Readonly<Record<string, ColumnType>> = { ...dataSetTables[table], ...keys };
  const stage = await openStage(duck, { name: table, columns, folder });
  let rows = 0;
  for await (const batch of rowsOf[table](store.database, ids)) {
    signal?.throwIfAborted();
    await stage.append(batch);
    rows += batch.length;
    onProgress?.(table, rows);
  }
  return stage.finish();
}

/** Keys as the columns of ports have them. */
function hostKeys(_store: Store): Readonly<Record<'job' | 'host', ColumnType>> {
  return { job: 'DOUBLE', host: 'DOUBLE' };
}

/** V1's ports: ids are put together here, so that they need not pass through JavaScript. */
function joinPorts(ports: string, hosts: string): string {
  return `
    SELECT concat(h.host_id, '/', p.transport, '/', p.port) AS port_id, h.host_id, p.transport,
      p.port, p.state, p.reason, p.service AS service_name, p.confidence,
      p.first_seen AS first_seen_ms, p.last_seen AS last_seen_ms
    FROM (${ports}) p LEFT JOIN ${hosts} h ON h.job = p.job AND h.host = p.host`;
}
