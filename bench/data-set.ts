import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/driver.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import { median } from './median.ts';

const run = promisify(execFile);

const scans = 5;
const hostsPerScan = 2_000;

/**
 * Writes a store of ports as Parquet while DuckDB writes the same rows from CSV; then queries an
 * aggregate of them through the store's columns and from the exported file; finally exports events
 * into another store and compares. Each step runs in its own process.
 */
export async function benchDataSet(ports = 5_000_000, rounds = 3): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-bench-data-set-'));
  try {
    const store = join(folder, 'store.db');
    await makeStore(store, ports);
    console.log(`${(ports / 1e6).toFixed(1)} million ports (median of ${rounds})`);
    await benchExport(folder, store, rounds);
    await benchFile(folder, store, rounds);
    await benchQuery(folder, store, rounds);
    await benchRoundTrip(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Measured {
  readonly seconds: number;
  readonly megabytes: number;
  readonly result?: string;
}

async function benchExport(folder: string, store: string, rounds: number): Promise<void> {
  const times = { export: [] as number[], csv: [] as number[] };
  let peak = 0;
  const out = join(folder, 'parquet');
  const write = (format: string, place: string): string => `
    const store = await openSqliteStore(${JSON.stringify(store)});
    await writeDataSet(store, { folder: ${JSON.stringify(place)}, format: '${format}' });
    await store.close();`;
  await inProcess(write('csv', join(folder, 'csv')));
  const columns = await inProcess(`return JSON.stringify(allTables.ports).replaceAll('"', "'");`);
  const from = `read_csv('${folder}/csv/ports.csv', header = true, columns = ${columns.result})`;
  for (let round = 0; round < rounds; round++) {
    const ours = await inProcess(write('parquet', out));
    times.export.push(ours.seconds);
    peak = Math.max(peak, ours.megabytes);
    times.csv.push((await inProcess(duckDb(copy(from, folder)))).seconds);
  }
  const [ours, theirs] = [median(times.export), median(times.csv)];
  console.log(
    `  export --format parquet                ${text(ours)}  peak ${peak.toFixed(0)} MB (limit 400)`,
  );
  console.log(
    `  DuckDB, the same rows from CSV         ${text(theirs)}  export ${(theirs / ours).toFixed(2)} × as fast (limit 0.5)`,
  );
}

/** Reads JSON Lines of the same store; DuckDB alone reads only the rows of ports. */
async function benchFile(folder: string, store: string, rounds: number): Promise<void> {
  const file = join(folder, 'events.jsonl');
  await inProcess(`
    const { exportEvents } = await import(${source('../src/analytics/export-events.ts')});
    const { everyJobId, storedEvents } = await import(${source('../src/store/export/events.ts')});
    const { createWriteStream } = await import('node:fs');
    const { pipeline } = await import('node:stream/promises');
    const { database } = await openSqliteStore(${JSON.stringify(store)});
    const events = exportEvents(storedEvents(database, everyJobId(database)), 'jsonl');
    await pipeline(events, createWriteStream(${JSON.stringify(file)}));`);
  const write = `
    const counts = await writeEventFile({ file: '${file}', folder: '${join(folder, 'of-file')}' });
    if (!counts) throw new Error('the file was imported instead of read by DuckDB');`;
  const times = { ours: [] as number[], theirs: [] as number[] };
  let peak = 0;
  for (let round = 0; round < rounds; round++) {
    const ours = await inProcess(write);
    times.ours.push(ours.seconds);
    peak = Math.max(peak, ours.megabytes);
    times.theirs.push((await inProcess(duckDb(copy(`(${jsonPorts(file)})`, folder)))).seconds);
  }
  const [ours, theirs] = [median(times.ours), median(times.theirs)];
  console.log(`  export --from FILE.jsonl               ${text(ours)}  peak ${peak.toFixed(0)} MB`);
  console.log(
    `  DuckDB, its ports from JSON Lines      ${text(theirs)}  export ${(theirs / ours).toFixed(2)} × as fast (limit 0.9)`,
  );
  await rm(file);
}

function jsonPorts(file: string): string {
  return `SELECT concat(run_id, '/', addr, '/', transport, '/', port) AS port_id,
      concat(run_id, '/', addr) AS host_id, transport, port, state, reason,
      service.name AS service_name, service.confidence AS confidence, t_first, t_last
    FROM read_json('${file}', format = 'newline_delimited', columns = {type: 'VARCHAR',
      run_id: 'VARCHAR', addr: 'VARCHAR', transport: 'VARCHAR', port: 'INTEGER', state: 'VARCHAR',
      reason: 'VARCHAR', service: 'STRUCT(name VARCHAR, confidence DOUBLE)', t_first: 'BIGINT',
      t_last: 'BIGINT'}) WHERE type = 'scan.port'`;
}

async function benchQuery(folder: string, store: string, rounds: number): Promise<void> {
  const aggregate = `SELECT port, state, count(*) AS n, min(first_seen_ms) AS first,
    max(last_seen_ms) AS last FROM ports GROUP BY port, state ORDER BY n DESC, port LIMIT 10`;
  const ask = `
    const store = await openSqliteStore(${JSON.stringify(store)});
    const openStore = async () => ({ store, cacheFolder: ${JSON.stringify(join(folder, 'cache'))} });
    await runQuery([{ kind: 'query', text: ${JSON.stringify(aggregate)} }], { openStore, folder: '/' },
      async ({ rows }) => void (await Array.fromAsync(rows)));
    await store.close();`;
  const first = await inProcess(ask);
  const direct = duckDb(aggregate.replace('FROM ports', `FROM '${folder}/parquet/ports.parquet'`));
  const times = { ask: [] as number[], direct: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.ask.push((await inProcess(ask)).seconds);
    times.direct.push((await inProcess(direct)).seconds);
  }
  const [ours, theirs] = [median(times.ask), median(times.direct)];
  console.log(`  query, aggregate of all, first time    ${text(first.seconds)}`);
  console.log(
    `  query, columns cached                  ${text(ours)}  ${(ours / theirs).toFixed(2)} × DuckDB's time (limit 2)`,
  );
  console.log(`  DuckDB on the exported Parquet         ${text(theirs)}`);
}

/** Exports a store of a million ports as events into another store: the data sets must be equal. */
async function benchRoundTrip(folder: string): Promise<void> {
  const store = join(folder, 'million.db');
  await makeStore(store, 1_000_000);
  const { result, seconds } = await inProcess(`
    const { compareDataSet } = await import(${source('../src/analytics/data-set/compare-data-set.ts')});
    const { exportEvents } = await import(${source('../src/analytics/export-events.ts')});
    const { everyJobId, storedEvents } = await import(${source('../src/store/export/events.ts')});
    const { recordImport } = await import(${source('../src/record/import-recorder.ts')});
    const { readImport } = await import(${source('../src/import/read-import.ts')});
    const { createWriteStream } = await import('node:fs');
    const { pipeline } = await import('node:stream/promises');
    const store = await openSqliteStore(${JSON.stringify(store)});
    const folder = ${JSON.stringify(join(folder, 'million'))};
    await writeDataSet(store, { folder });
    const events = exportEvents(storedEvents(store.database, everyJobId(store.database)), 'jsonl');
    await pipeline(events, createWriteStream(folder + '.jsonl'));
    const copy = await openSqliteStore(folder + '-copy.db', { create: true });
    await recordImport(copy, readImport({ path: folder + '.jsonl' }));
    const compared = await compareDataSet(copy, { folder });
    return Object.entries(compared).map(([table, { folderRows, isEqual }]) =>
      folderRows + ' ' + table + (isEqual ? '' : ' DIFFER')).join(', ');`);
  console.log(`  store → JSON Lines → store → Parquet   ${text(seconds)}  the same: ${result}`);
}

function copy(from: string, folder: string): string {
  return `COPY (SELECT * FROM ${from}) TO '${folder}/reference.parquet'
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 262144)`;
}

/** DuckDB with its defaults and unlimited memory. */
function duckDb(sql: string): string {
  return `
    const connection = await (await DuckDBInstance.create()).connect();
    await (await connection.run(${JSON.stringify(sql)})).getRowObjectsJS();`;
}

/** Runs a piece of a program and times it without start-up and loading of modules. */
async function inProcess(body: string): Promise<Measured> {
  const program = `
    import { DuckDBInstance } from '@duckdb/node-api';
    import { openSqliteStore } from ${source('../src/store/sqlite/open.ts')};
    import { writeDataSet } from ${source('../src/analytics/data-set/write-data-set.ts')};
    import { writeEventFile } from ${source('../src/analytics/data-set/write-event-file.ts')};
    import { runQuery } from ${source('../src/analytics/query/run-query.ts')};
    import { allTables } from ${source('../src/analytics/data-set/tables.ts')};
    const started = performance.now();
    const result = await (async () => {${body}})();
    const seconds = (performance.now() - started) / 1000;
    const megabytes = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ seconds, megabytes, result }));`;
  const words = ['--input-type=module', '-e', program];
  const { stdout } = await run(process.execPath, words, { cwd: new URL('..', import.meta.url) });
  return JSON.parse(stdout) as Measured;
}

function source(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url));
}

/** Creates by SQL what an import would create: one port in five has a service. */
async function makeStore(path: string, ports: number): Promise<void> {
  await (await openSqliteStore(path, { create: true })).close();
  const db = openDatabase(path);
  const hosts = scans * hostsPerScan;
  db.exec(`PRAGMA synchronous = OFF; BEGIN;
    ${numbers(scans)} INSERT INTO scan_jobs (id, uuid, tenant_id, status, scan_type, requested_at, started_at, completed_at, host_count)
      SELECT i + 1, printf('0191d8c0-0000-7000-8000-%012d', i), 1, 'completed', 'network', 1725900000000 + i, 1725900000000 + i, 1725900900000, ${hostsPerScan} FROM n;
    ${numbers(hosts)} INSERT INTO hosts (id, uuid, tenant_id, address, address_key, status, first_seen, checked_at)
      SELECT i + 1, printf('%032x', i), 1, printf('10.%d.%d.%d', i >> 16, (i >> 8) & 255, i & 255), CAST(printf('%08x', i) AS BLOB), 'up', 1, 1 FROM n;
    INSERT INTO host_scans (job_id, host_id, state, reason, t)
      SELECT 1 + (id - 1) / ${hostsPerScan}, id, 'up', 'syn-ack', 1725900000000 FROM hosts;
    ${numbers(ports)} INSERT INTO port_scans (job_id, host_id, transport, port, state, reason, service, confidence, method, first_seen, last_seen)
      SELECT 1 + i * ${scans} / ${ports}, 1 + i * ${hosts} / ${ports}, 'tcp', 1 + i % (${ports} / ${hosts}) * 13, 'open', 'syn-ack',
        CASE WHEN i % 5 = 0 THEN CASE i % 3 WHEN 0 THEN 'http' WHEN 1 THEN 'ssh' ELSE 'domain' END END,
        CASE WHEN i % 5 = 0 THEN 0.9 END, CASE WHEN i % 5 = 0 THEN 'banner' END, 1725900000101 + i, 1725900000126 + i FROM n;
    COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`);
  db.close();
}

/** Numbers from 0, as `n (i)`. */
function numbers(count: number): string {
  return `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT ${count})`;
}

function text(seconds: number): string {
  return `${seconds.toFixed(2).padStart(7)} s`;
}
