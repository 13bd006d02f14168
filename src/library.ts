import type { DataSetCounts, WriteDataSetOptions } from './analytics/data-set/write-data-set.ts';
import { type EventFormat, exportEvents } from './analytics/export-events.ts';
import { cacheFolderOf } from './analytics/query/column-cache.ts';
import { runQuery } from './analytics/query/run-query.ts';
import { parseStatements } from './analytics/query/statements.ts';
import { openStore as openStoreOf, packageVersion } from './app.ts';
import { readConfig } from './config.ts';
import type { ScanEvent } from './core/events.ts';
import { faultOf, texts } from './core/field.ts';
import { omitUndefined } from './core/omit-undefined.ts';
import { assertSettings } from './core/scan-settings.ts';
import { toGenerator } from './core/to-generator.ts';
import { AppError } from './errors.ts';
import { type ImportSource, readImport } from './import/read-import.ts';
import { applyProfile, type NamedRequest } from './jobs/apply-profile.ts';
import { createScan } from './jobs/create-scan.ts';
import { runScan } from './jobs/run-scan.ts';
import { type ImportProgress, recordImport } from './record/import-recorder.ts';
import { readFilter } from './resources/filters.ts';
import { type ResourceName, type ResourceNamed, resources } from './resources/resources.ts';
import { scanJson } from './resources/scans.ts';
import { resolveRequest } from './scan/resolve-request.ts';
import { everyJobId, storedEvents } from './store/export/events.ts';
import { allRows } from './store/keyset.ts';
import { findJob } from './store/scans/find-scan.ts';
import type { JobEvent, Store } from './store/store.ts';

/** Options of everything that takes a while. */
interface Abortable {
  /** Ends it early. What was stored by then stays. */
  readonly signal?: AbortSignal | undefined;
}

/** A scan as JSON, as `portolan show --json` prints it. */
export type Scan = ReturnType<typeof scanJson>;

/**
 * Opens a store, and closes it at the end of an `await using` block.
 *
 * @param location the path of a SQLite file, or the URL of a PostgreSQL database; by default what
 *   PORTOLAN_DB names, or `~/.portolan/results.db`
 * @param options.create creates the store if there is none; true by default
 * @param options.tenant the name or UUID of a tenant of a PostgreSQL store
 * @throws AppError NOT_FOUND, STORE_UNREACHABLE, STORE_DENIED, STORE_NEWER, STORE_CORRUPT, …
 *
 * @example
 * await using store = await openStore('results.db');
 */
export async function openStore(
  location?: string,
  options: { readonly create?: boolean; readonly tenant?: string } = {},
): Promise<Store> {
  const config = readConfig(process.env);
  const { create = true, tenant = config.tenant } = options;
  return await openStoreOf({ ...config, db: location ?? config.db, tenant }, { create });
}

/** What to scan. `targets` may be left out where `target` names one that was set up. */
export type ScanRequest = Omit<NamedRequest, 'targets'> & Partial<Pick<NamedRequest, 'targets'>>;

/**
 * Runs a scan and gives its events once they are in the store: first `run.start`, last
 * `run.finish`. Breaking out of the loop, or the signal, ends the scan as cancelled; what it found
 * stays.
 *
 * @returns the scan as it ended
 * @throws AppError USAGE, INVALID_INPUT for a field that a request does not have; INVALID_TARGET,
 *   INVALID_PORTS, REFUSED_TARGET, UNRESOLVED_NAME; and CONFIRMATION_NEEDED for a large or public range without `confirmed`
 *
 * @example
 * for await (const event of scan(store, { targets: ['127.0.0.1'], ports: '1-1024' })) {
 *   if (event.type === 'scan.port') console.log(event.addr, event.port, event.service?.name);
 * }
 */
export async function* scan(
  store: Store,
  { targets = [], ...request }: ScanRequest,
  { signal }: Abortable = {},
): AsyncGenerator<ScanEvent, Scan> {
  assertRequest({ ...request, targets });
  const named = await applyProfile(store.database, { ...request, targets });
  const { config, faults } = await resolveRequest(named);
  const planned = await createScan(store, {
    config,
    args: [],
    toolVersion: packageVersion(),
    faults,
    origin: { target: request.target, profile: request.profile },
  });
  return yield* toGenerator(async (push, stopped) => {
    const job = await runScan(store, planned, {
      signal: signal ? AbortSignal.any([stopped, signal]) : stopped,
      onEvents: async (batch) => {
        for (const event of batch) await push(event);
      },
    });
    return scanJson(job);
  });
}

/** The fields of a request that are not settings. */
const requestFields =
  /^(targets?|profile|exclude|confirmed|at|seed|shard|discovery_only|engine|engine_args|icmp_ping)$/;

/** Types do not protect a caller in JavaScript: a misspelled field would scan something else. */
function assertRequest(request: NamedRequest): void {
  for (const [name, value] of Object.entries(omitUndefined(request))) {
    const field = name === 'targets' || name === 'exclude' ? texts : undefined;
    const fault = field && faultOf(field, value);
    if (fault !== undefined) throw new AppError('USAGE', `the request: "${name}" ${fault}`);
    if (!requestFields.test(name)) assertSettings({ [name]: value }, 'the request');
  }
}

/** What an import read. */
export interface Imported extends ImportProgress {
  readonly scans: readonly Scan[];
  readonly badLines: number;
  readonly isTruncated: boolean;
}

/**
 * Imports a file of any known format, which is detected from its content. Importing it again
 * changes nothing.
 *
 * @param source a path, or a stream of bytes with a name for messages
 * @param options.format one of `portolan import --help`, instead of detecting it
 * @throws AppError NO_INPUT, INVALID_INPUT, STORE_FULL, …; the signal's reason
 */
export async function importFile(
  store: Store,
  source: string | Extract<ImportSource, { stream: unknown }>,
  options: Abortable & { readonly format?: string } = {},
): Promise<Imported> {
  const { signal, format } = options;
  const chunks = readImport(typeof source === 'string' ? { path: source } : source, {
    format,
    signal,
  });
  const { jobs, ...result } = await recordImport(store, chunks, signal ? { signal } : {});
  return { ...result, scans: jobs.map(scanJson) };
}

/**
 * One scan.
 *
 * @param reference `last`, an id or the start of one, or the name that the scan was given
 * @throws AppError NOT_FOUND, AMBIGUOUS
 */
export async function getScan(store: Store, reference: string): Promise<Scan> {
  return scanJson(await findJob(store.database, reference));
}

/** A row of a list, as `--json` prints it. */
export type Row<Name extends ResourceName> = ReturnType<ResourceNamed<Name>['toJson']>;

/**
 * The rows of a list (`hosts`, `ports`, `web`, `certs`, …), read page by page.
 *
 * @param filter texts by the names of the command's options: `{ port: '80,443', scan: 'last' }`;
 *   `targets` for its arguments
 * @throws AppError USAGE for a filter that the list does not have; NOT_FOUND for a scan
 *
 * @example
 * for await (const { address, port } of list(store, 'ports', { state: 'open', since: '7d' })) …
 */
export async function* list<Name extends ResourceName>(
  store: Store,
  name: Name,
  filter: Readonly<Record<string, string | undefined>> = {},
): AsyncGenerator<Row<Name>> {
  const entry = resources.find((resource) => resource.name === name);
  if (!entry) throw new AppError('USAGE', `"${name}" is not a list`);
  const resource = await entry.load();
  const values = await readFilter(store.database, resource.filters, filter);
  for await (const row of allRows((page) => resource.list(store.database, values, page))) {
    // The name decides the type, which the loop above cannot tell.
    yield resource.toJson(row) as Row<Name>;
  }
}

/**
 * The rows of a query in DuckDB's SQL over the tables of the data set. It can only read.
 *
 * @throws AppError INVALID_INPUT with what is wrong in the SQL; the signal's reason
 *
 * @example
 * for await (const row of query(store, 'SELECT port, count(*) AS n FROM ports GROUP BY port')) …
 */
export function query(
  store: Store,
  sql: string,
  { signal }: Abortable = {},
): AsyncGenerator<Readonly<Record<string, unknown>>, void> {
  const cacheFolder = cacheFolderOf(store, { shared: readConfig(process.env).cacheFolder });
  return toGenerator(async (push, stopped) => {
    const options = {
      folder: process.cwd(),
      signal: signal ? AbortSignal.any([stopped, signal]) : stopped,
      openStore: () => Promise.resolve({ store, cacheFolder }),
    };
    await runQuery(parseStatements(sql), options, async ({ rows }) => {
      for await (const row of rows) await push(row);
    });
  });
}

/**
 * The events of stored scans as text, in pieces to be written one after the other.
 *
 * @param options.scans which scans, as {@link getScan} finds them; all by default
 * @param options.format `jsonl` by default, which {@link importFile} reads
 */
export async function* exportScans(
  store: Store,
  options: { readonly scans?: readonly string[]; readonly format?: EventFormat } = {},
): AsyncGenerator<string> {
  const { scans, format = 'jsonl' } = options;
  yield* exportEvents(events(store, scans), format);
}

/** The events of stored scans, in the order of their scanners; all scans by default. */
export async function* events(
  { database }: Store,
  scans?: readonly string[],
): AsyncGenerator<ScanEvent> {
  const ids = scans?.map(async (reference) => (await findJob(database, reference)).id);
  yield* storedEvents(database, ids ? await Promise.all(ids) : everyJobId(database));
}

/**
 * Writes the data set, six tables, as files into a folder.
 *
 * @returns the number of rows by table
 * @throws AppError STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function exportTables(
  store: Store,
  options: Pick<WriteDataSetOptions, 'folder' | 'scans' | 'format' | 'isPartitioned' | 'signal'>,
): Promise<DataSetCounts> {
  const { writeDataSet } = await import('./analytics/data-set/write-data-set.ts');
  return await writeDataSet(store, options);
}

/**
 * Changes of scans in the store, in any process, from now on until the signal aborts. `lost` says
 * that some may have been missed: read the scans again.
 */
export function follow(store: Store, { signal }: Abortable = {}): AsyncIterable<JobEvent> {
  return store.jobEvents(signal ?? new AbortController().signal);
}
