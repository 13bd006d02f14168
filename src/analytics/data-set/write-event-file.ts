import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { canonicalAddress, isAddress } from '../../core/address.ts';
import type { ImportChunk } from '../../core/event-batch.ts';
import { jobIdOf } from '../../core/ids.ts';
import { AppError } from '../../errors.ts';
import { readImport } from '../../import/read-import.ts';
import { recordImport } from '../../record/import-recorder.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import type { Store } from '../../store/store.ts';
import { type DuckDb, literal, openDuckDb } from './duckdb.ts';
import { copyHosts, portCheck, portsOfFile, unsureHosts, withPorts } from './event-file-queries.ts';
import { siftPorts } from './ports/sift-ports.ts';
import { dataSetTableNames } from './tables.ts';
import {
  copyOptions,
  copyTables,
  type DataSetCounts,
  intoFolder,
  withRelations,
  type WriteDataSetOptions,
} from './write-data-set.ts';

/** Each DuckDB thread holds a part of the file and the rows of a row group. */
const megabytesPerThread = 200;
const mostThreads = 4;

export interface WriteEventFileOptions extends Omit<WriteDataSetOptions, 'scans' | 'tables'> {
  readonly file: string;
}

/**
 * Writes the V1 data set of a file of Portolan's JSON Lines as importing and exporting it would,
 * without storing its ports: DuckDB reads and writes those, which come by the million. All other
 * lines go through a small store.
 *
 * @returns undefined, with nothing written, if the file differs from what `export` writes (two
 *   lines about one port, invalid lines) and has to be imported instead
 * @throws AppError STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function writeEventFile(
  options: WriteEventFileOptions,
): Promise<DataSetCounts | undefined> {
  try {
    return await intoFolder(options, (tempFolder, out) => write(options, tempFolder, out));
  } catch (error) {
    options.signal?.throwIfAborted();
    // DuckDB reports only that some line differs from the others; the importer reports which.
    const code = error instanceof AppError ? error.code : undefined;
    if (code === 'INVALID_INPUT' || code === 'LIMIT_EXCEEDED') return undefined;
    throw error;
  }
}

async function write(
  options: WriteEventFileOptions,
  tempFolder: string,
  out: string,
): Promise<DataSetCounts> {
  const { format = 'parquet', isPartitioned } = options;
  const isInPlace = format === 'parquet' && !isPartitioned;
  const ports = join(isInPlace ? out : tempFolder, 'ports.parquet');
  await using store = await openSqliteStore(join(tempFolder, 'lines.db'), { create: true });
  const hosts = join(tempFolder, 'port-hosts.parquet');
  const count = await writePorts(options, { tempFolder, store, ports, hosts });
  const others = dataSetTableNames.filter((table) => table !== 'ports');
  const relations = { ...options, tempFolder, tables: others };
  return await withRelations(store, relations, async (duck, queries) => {
    const tables = isInPlace ? others : dataSetTableNames;
    const all = withPorts(queries, { ports, hosts });
    const counts = await copyTables(duck, all, { ...options, tables, folder: out });
    return Object.fromEntries(
      dataSetTableNames.map((table) => [table, table === 'ports' ? count : (counts[table] ?? 0)]),
    );
  });
}

/** The paths for the parts of the file. */
interface Places {
  readonly tempFolder: string;
  /** For all lines except ports. */
  readonly store: Store;
  /** Parquet files. */
  readonly ports: string;
  readonly hosts: string;
}

/**
 * Writes the ports as Parquet, and records everything else.
 *
 * @returns the number of ports
 */
async function writePorts(options: WriteEventFileOptions, places: Places): Promise<number> {
  const { file, memoryMegabytes } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, ...(options.signal ? [options.signal] : [])]);
  const threads = Math.min(mostThreads, availableParallelism());
  await using duck = await openDuckDb({
    tempFolder: places.tempFolder,
    memoryMegabytes: memoryMegabytes ?? threads * megabytesPerThread,
    threads,
    signal,
  });
  // With insertion order, row groups would wait for each other in memory.
  await duck.run('SET preserve_insertion_order = false');
  const { recording, copying } = await splitFile(duck, places, { ...options, signal });
  try {
    const [scans, count] = await Promise.all([recording, copying]);
    if (!(await areSound(duck, places, scans))) throw unusual(file);
    return count;
  } catch (error) {
    ending.abort();
    await Promise.allSettled([recording, copying]);
    throw error;
  }
}

/** Starts copying the ports of a file and recording its other lines. */
async function splitFile(
  duck: DuckDb,
  { store, ports }: Places,
  { file, signal, onProgress }: WriteEventFileOptions & { signal: AbortSignal },
): Promise<{ recording: Promise<ReadonlyMap<string, string>>; copying: Promise<number> }> {
  const areOwnIds = await beginsWithId(file);
  const sifted = siftPorts(file, (lines) => onProgress?.('ports', lines));
  const recording = recordLines(store, sifted.otherLines, { file, signal });
  const copy = async (): Promise<number> => {
    const query = portsOfFile(file, areOwnIds ? undefined : await recording);
    const { Count: count } = await duck.row<{ Count: number }>(
      `COPY (${query}) TO ${literal(ports)} (${copyOptions.parquet})`,
    );
    const isOdd = areOwnIds && [...(await recording)].some(([runId, id]) => runId !== id);
    if (isOdd || count !== sifted.portLines) throw unusual(file);
    onProgress?.('ports', count, count);
    return count;
  };
  return { recording, copying: copy() };
}

/** Whether every port is valid, unique, and on a host of one of the scans. */
async function areSound(
  duck: DuckDb,
  { ports, hosts }: Places,
  scans: ReadonlyMap<string, string>,
): Promise<boolean> {
  const check = await duck.row<{ are_sound: boolean; are_unique: boolean }>(portCheck(ports));
  if (!check.are_sound || !check.are_unique) return false;
  await duck.rows(copyHosts(ports, hosts));
  const unsure = await duck.rows<{ address: string; is_known: boolean }>(
    unsureHosts(hosts, scans.values()),
  );
  return unsure.every(
    ({ address, is_known: isKnown }) =>
      isKnown && isAddress(address) && canonicalAddress(address) === address,
  );
}

/** Whether the first `run_id` of a file is the id of its scan. */
async function beginsWithId(file: string): Promise<boolean> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  const [, runId = ''] = /"run_id":"([^"\\]*)"/.exec(buffer.toString('utf8', 0, bytesRead)) ?? [];
  return jobIdOf(runId, 0) === runId;
}

function unusual(file: string): AppError {
  return new AppError('INVALID_INPUT', `${file} has lines that only the importer can read`);
}

/**
 * Records all lines but ports.
 *
 * @returns UUIDs of scans by their `run_id`
 * @throws AppError INVALID_INPUT if a line is a port or invalid, or if a scan lacks its start or
 *   finish, because its id and times then depend on its ports
 */
async function recordLines(
  store: Store,
  stream: AsyncIterable<Uint8Array>,
  { file, signal }: { file: string; signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const scans = new Map<string, string>();
  const runs = new Set<string>();
  const ended = new Set<string>();
  async function* watched(): AsyncGenerator<ImportChunk> {
    for await (const chunk of readImport({ stream, name: file }, { format: 'jsonl', signal })) {
      const { ports, events } = chunk.batch;
      if (ports.length > 0 || chunk.badLines > 0 || chunk.isTruncated) throw unusual(file);
      runs.add(chunk.runId);
      for (const event of events) {
        if (event.type === 'run.finish') ended.add(event.run_id);
        if (event.type !== 'run.start' || scans.has(event.run_id)) continue;
        scans.set(event.run_id, jobIdOf(event.run_id, event.t));
      }
      yield chunk;
    }
  }
  await recordImport(store, watched(), { signal });
  if ([...runs].some((run) => !scans.has(run) || !ended.has(run))) throw unusual(file);
  return scans;
}
