import type { Store } from '../../store/store.ts';
import { type DuckDb, literal } from './duckdb.ts';
import type { PortBlock } from './port-block.ts';
import { readSqlitePorts } from './sqlite-ports.ts';
import { openStage } from './stage.ts';

export interface PortsRequest {
  /** UUIDs of scans. */
  readonly ids: readonly string[];
  /** For files on the way; the caller removes it. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  /** Told how many ports are read, of how many. */
  readonly onRows?: ((rows: number, of: number) => void) | undefined;
}

/**
 * Reads the ports of scans into DuckDB: the one table of which there are too many for
 * `StoreDatabase.query`. Each kind of store has its own way.
 *
 * @returns a query with the columns job, host (keys as `hostRows` gives them), transport, port,
 *   state, reason, service, confidence, first_seen, last_seen
 */
export async function portRelation(
  store: Store,
  duck: DuckDb,
  request: PortsRequest,
): Promise<string> {
  const { ids, folder, signal, onRows } = request;
  const { rows, blocks } = readSqlitePorts(store.location, ids, signal);
  const stage = await openStage(duck, { name: 'port_columns', columns: stageColumns, folder });
  const words: (string | null)[] = [];
  const index = new Map<string | null, number>();
  let read = 0;
  for await (const block of blocks) {
    translate(block, words, index);
    await stage.appendColumns([...block.numbers, ...block.codes], block.rows);
    read += block.rows;
    onRows?.(read, rows);
  }
  const from = await stage.finish();
  const list = words.map((word) => (word === null ? 'NULL' : literal(word))).join(', ');
  await duck.run(`SET VARIABLE port_words = CAST([${list}] AS VARCHAR[])`);
  const word = (code: string): string => `getvariable('port_words')[${code} + 1] AS ${code}`;
  return `SELECT job, host, ${word('transport')}, port, ${word('state')}, ${word('reason')},
    ${word('service')}, CASE WHEN isnan(confidence) THEN NULL ELSE confidence END AS confidence,
    CAST(first_seen AS BIGINT) AS first_seen, CAST(last_seen AS BIGINT) AS last_seen
    FROM ${from}`;
}

/** In the order of a block's numbers and codes. */
const stageColumns = {
  job: 'DOUBLE',
  host: 'DOUBLE',
  first_seen: 'DOUBLE',
  last_seen: 'DOUBLE',
  confidence: 'DOUBLE',
  port: 'INTEGER',
  transport: 'INTEGER',
  state: 'INTEGER',
  reason: 'INTEGER',
  service: 'INTEGER',
} as const;

/** Turns a block's codes, indices into its own words, into indices into the words of all. */
function translate(
  { codes, rows, words: own }: PortBlock,
  words: (string | null)[],
  index: Map<string | null, number>,
): void {
  const map = Int32Array.from(own, (word) => {
    const known = index.get(word);
    if (known !== undefined) return known;
    index.set(word, words.length);
    return words.push(word) - 1;
  });
  for (const column of codes.slice(1)) {
    for (let row = 0; row < rows; row++) column[row] = map[column[row]!]!;
  }
}
