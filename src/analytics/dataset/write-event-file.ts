import { join } from 'node:path';
import { canonicalAddress, isAddress } from '../../core/address.ts';
import type { ImportChunk } from '../../core/event-batch.ts';
import { jobIdOf } from '../../core/ids.ts';
import { AppError } from '../../errors.ts';
import { readImport } from '../../import/read-import.ts';
import { recordImport } from '../../store/import-recorder.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import type { Store } from '../../store/store.ts';
import { literal, openDuckDb } from './duckdb.ts';
import {
  copyHosts,
  copyOtherLines,
  portCheck,
  portsOfFile,
  unsureHosts,
  withPorts,
} from './event-file-queries.ts';
import { dataSetTableNames } from './tables.ts';
import {
  copyOptions,
  copyTables,
  type DataSetCounts,
  intoFolder,
  withRelations,
  type WriteDataSetOptions,
} from './write-data-set.ts';

/** Below, DuckDB's two threads wait for each other's memory: 320 MB are twice as fast as 192. */
const readMegabytes = 320;

export interface WriteFileOptions extends Omit<WriteDataSetOptions, 'scans' | 'tables'> {
  /** The path of what is read. */
  readonly file: string;
}

/**
 * Writes the V1 data set of a file of Portolan's JSON Lines as importing and exporting it would,
 * without a store for its ports: DuckDB reads those, of which a file has millions, and writes them.
 * Of all other lines a small store is made.
 *
 * @returns undefined, with nothing written, where the file is not as `export` writes them: ports of
 *   which two lines speak, lines that cannot be read. The long way takes it then
 * @throws AppError STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function writeEventFile(
  options: WriteFileOptions,
): Promise<DataSetCounts | undefined> {
  try {
    return await intoFolder(options, (staging, out) => write(options, staging, out));
  } catch (error) {
    options.signal?.throwIfAborted();
    // DuckDB says no more than that a line is unlike the others: the importer says which.
    const code = error instanceof AppError ? error.code : undefined;
    if (code === 'INVALID_INPUT' || code === 'LIMIT_EXCEEDED') return undefined;
    throw error;
  }
}

async function write(
  options: WriteFileOptions,
  staging: string,
  out: string,
): Promise<DataSetCounts> {
  const { format = 'parquet', isPartitioned } = options;
  const isInPlace = format === 'parquet' && !isPartitioned;
  const ports = join(isInPlace ? out : staging, 'ports.parquet');
  await using store = await openSqliteStore(join(staging, 'lines.db'), { create: true });
  const hosts = join(staging, 'port-hosts.parquet');
  const count = await writePorts(options, { staging, store, ports, hosts });
  const tables = dataSetTableNames;
  return await withRelations(store, { ...options, staging, tables }, async (duck, queries) => {
    const all = withPorts(queries, { ports, hosts });
    const others = isInPlace ? tables.filter((table) => table !== 'ports') : tables;
    const counts = await copyTables(duck, all, { ...options, tables: others, folder: out });
    return Object.fromEntries(
      tables.map((table) => [table, table === 'ports' ? count : (counts[table] ?? 0)]),
    );
  });
}

/**
 * Writes the ports as Parquet, and records everything else.
 *
 * @returns the number of ports
 */
async function writePorts(
  { file, signal, memoryMegabytes = readMegabytes, onProgress }: WriteFileOptions,
  { staging, store, ports, hosts }: { staging: string; store: Store; ports: string; hosts: string },
): Promise<number> {
  const rest = join(staging, 'rest.jsonl');
  const limits = { memoryMegabytes, ...(signal && { signal }) };
  await using duck = await openDuckDb({ tempFolder: staging, ...limits });
  await duck.rows(copyOtherLines(file, rest));
  const scans = await recordLines(store, rest, signal);
  if (!scans) throw unusual(file);
  const query = portsOfFile(file, scans);
  const [row] = await duck.rows<{ Count: number }>(
    `COPY (${query}) TO ${literal(ports)} (${copyOptions.parquet})`,
  );
  const count = row?.Count ?? 0;
  onProgress?.('ports', count, count);
  const [{ odd, keys } = { odd: 0, keys: 0 }] = await duck.rows<{ odd: number; keys: number }>(
    portCheck(ports),
  );
  await duck.rows(copyHosts(ports, hosts));
  const unsure = await duck.rows<{ address: string; is_known: boolean }>(
    unsureHosts(hosts, scans.values()),
  );
  const areSound = unsure.every(
    ({ address, is_known: isKnown }) =>
      isKnown && isAddress(address) && canonicalAddress(address) === address,
  );
  if (odd > 0 || keys !== count || !areSound) throw unusual(file);
  return count;
}

function unusual(file: string): AppError {
  return new AppError('INVALID_INPUT', `${file} has lines that only importing can read`);
}

/**
 * Records the lines that are no ports.
 *
 * @returns UUIDs of scans by their `run_id`; undefined where a line was a port, or none at all, or a
 *   scan has no beginning or no end: what it is called and when it was depends on its ports then
 */
async function recordLines(
  store: Store,
  path: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string> | undefined> {
  const scans = new Map<string, string>();
  const runs = new Set<string>();
  const ended = new Set<string>();
  let isPlain = true;
  async function* watched(): AsyncGenerator<ImportChunk> {
    for await (const chunk of readImport({ path }, { signal })) {
      const { ports, events } = chunk.batch;
      isPlain &&= ports.length === 0 && chunk.badLines === 0 && !chunk.isTruncated;
      runs.add(chunk.runId);
      for (const event of events) {
        if (event.type === 'run.finish') ended.add(event.run_id);
        if (event.type !== 'run.start' || scans.has(event.run_id)) continue;
        scans.set(event.run_id, jobIdOf(event.run_id, event.t));
      }
      yield chunk;
    }
  }
  await recordImport(store, watched(), signal ? { signal } : {});
  const isWhole = [...runs].every((run) => scans.has(run) && ended.has(run));
  return isPlain && isWhole ? scans : undefined;
}
