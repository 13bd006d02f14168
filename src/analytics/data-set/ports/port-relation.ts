import type { DuckDBDataChunk } from '@duckdb/node-api';
import { portStates, reasons, transports } from '../../../core/states.ts';
import { portRows } from '../../../store/export/data-set-rows.ts';
import type { Store } from '../../../store/store.ts';
import { type DuckDb, literal } from '../duckdb.ts';
import type { PortBlock } from './port-block.ts';
import { type PortBlocks, readSqlitePorts } from './sqlite-ports.ts';
import { openAppender } from '../appender.ts';

/** Ports of scans, which DuckDB can read once. */
export interface PortRelation extends Disposable {
  /**
   * A query with the columns job, host (keys as in `hostRows`), transport, port, state, reason,
   * service, confidence, first_seen, last_seen.
   */
  readonly query: string;
}

export interface PortsRequest {
  /** UUIDs of scans. */
  readonly ids: readonly string[];
  /** For intermediate files; the caller removes it. */
  readonly folder: string;
  /** Reports the number of ports read, and the total if known. */
  readonly onRows?: ((rows: number, of?: number) => void) | undefined;
}

/**
 * Lets DuckDB read the ports of scans, the one table that is too large for `StoreDatabase.query`. A
 * SQLite file's rows stream through a table function, without a copy in memory or in a file.
 */
export async function portRelation(
  store: Store,
  duck: DuckDb,
  { ids, folder, onRows }: PortsRequest,
): Promise<PortRelation> {
  if (store.file === undefined) return relationOfRows(store, duck, { ids, folder, onRows });
  const blocks = await readSqlitePorts(store.file, ids);
  try {
    await registerPorts(duck, blocks, onRows);
  } catch (error) {
    blocks[Symbol.dispose]();
    throw error;
  }
  return { query: decoded, [Symbol.dispose]: () => blocks[Symbol.dispose]() };
}

/** Reads row by row, as the server sends them. */
async function relationOfRows(
  { database }: Store,
  duck: DuckDb,
  { ids, folder, onRows }: PortsRequest,
): Promise<PortRelation> {
  const appender = await openAppender(duck, { name: 'stored_ports', columns: rowColumns, folder });
  let read = 0;
  for await (const rows of portRows(database, ids)) {
    await appender.append(rows);
    read += rows.length;
    onRows?.(read);
  }
  return { query: `SELECT * FROM ${await appender.finish()}`, [Symbol.dispose]: () => undefined };
}

const rowColumns = {
  job: 'VARCHAR',
  host: 'VARCHAR',
  transport: 'VARCHAR',
  port: 'INTEGER',
  state: 'VARCHAR',
  reason: 'VARCHAR',
  service: 'VARCHAR',
  confidence: 'DOUBLE',
  first_seen: 'BIGINT',
  last_seen: 'BIGINT',
} as const;

/** Columns in the order of a block's arrays. */
const rawColumns = {
  job: 'DOUBLE',
  host: 'DOUBLE',
  first_seen: 'DOUBLE',
  last_seen: 'DOUBLE',
  confidence: 'DOUBLE',
  port: 'INTEGER',
  transport: 'INTEGER',
  state: 'INTEGER',
  reason: 'INTEGER',
  service_code: 'INTEGER',
  service: 'VARCHAR',
} as const;

/** Words are passed as codes and decoded here, because passing a text costs more. */
const decoded = `
  SELECT job, host, ${wordOf('transport', transports)}, port, ${wordOf('state', portStates)},
    ${wordOf('reason', reasons)}, CASE WHEN service_code >= 0 THEN service END AS service,
    CASE WHEN NOT isnan(confidence) THEN confidence END AS confidence,
    CAST(first_seen AS BIGINT) AS first_seen, CAST(last_seen AS BIGINT) AS last_seen
  FROM stored_ports()`;

/** CASE, because a lookup in a constant list takes ten times as long. */
function wordOf(code: string, words: readonly string[]): string {
  const cases = words.map((word, index) => `WHEN ${index} THEN ${literal(word)}`);
  return `CASE ${code} ${cases.join(' ')} END AS ${code}`;
}

async function registerPorts(
  duck: DuckDb,
  blocks: PortBlocks,
  onRows: PortsRequest['onRows'],
): Promise<void> {
  // One thread waits for JavaScript; a second one would only spin, on a core that is needed.
  await duck.run('SET threads = 1');
  const api = await import('@duckdb/node-api');
  const { default: bindings } = await import('@duckdb/node-bindings');
  const chunkRows = bindings.vector_size();
  let block: PortBlock | undefined;
  let at = 0;
  let read = 0;

  const fill = (chunk: DuckDBDataChunk): void => {
    while (!block || at >= block.rows) {
      block = blocks.next();
      at = 0;
      if (!block) break;
    }
    const rows = block ? Math.min(chunkRows, block.rows - at) : 0;
    chunk.rowCount = rows;
    if (!block) return;
    const arrays = Object.values(block.arrays);
    for (const [i, { buffer, BYTES_PER_ELEMENT: size }] of arrays.entries()) {
      const vector = bindings.data_chunk_get_vector(chunk.chunk, i);
      bindings.copy_data_to_vector(vector, 0, buffer, at * size, rows * size);
    }
    const services = bindings.data_chunk_get_vector(chunk.chunk, arrays.length);
    const { arrays: columns, services: words } = block;
    for (let row = 0; row < rows; row++) {
      const code = columns.service[at + row] ?? -1;
      const service = code < 0 ? undefined : words[code];
      if (service !== undefined) bindings.vector_assign_string_element(services, row, service);
    }
    at += rows;
    read += rows;
    onRows?.(read, blocks.rows);
  };
  const stored = api.DuckDBTableFunction.create({
    name: 'stored_ports',
    bindFunction: (bind) => {
      for (const [name, type] of Object.entries(rawColumns)) bind.addResultColumn(name, api[type]);
      bind.setCardinality(blocks.rows, true);
    },
    // One thread: rows keep their order, and only one may wait for JavaScript.
    initFunction: (init) => init.setMaxThreads(1),
    mainFunction: (_info, chunk) => fill(chunk),
  });
  duck.connection.registerTableFunction(stored);
}
