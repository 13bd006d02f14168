import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { compareDataSet } from '../../src/analytics/data-set/compare-data-set.ts';
import { openDuckDb } from '../../src/analytics/data-set/duckdb.ts';
import { portRelation } from '../../src/analytics/data-set/ports/port-relation.ts';
import { allTables, dataSetTableNames } from '../../src/analytics/data-set/tables.ts';
import { writeDataSet } from '../../src/analytics/data-set/write-data-set.ts';
import { openDatabase } from '../../src/database/driver.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { everyJobId, storedEvents } from '../../src/store/export/events.ts';
import { portolan } from '../cli.ts';
import { importEvents } from '../store/filled.ts';
import { firstRun, port, sampleEvents, sampleStore, secondRun } from './sample-store.ts';
import { storeKinds } from '../store/stores.ts';

let folder: string;
let store: Store;
let db: string;
let out: string;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-data-set-'));
  db = join(folder, 'store.db');
  store = await sampleStore(db);
});

beforeEach(() => {
  out = join(folder, `out-${count++}`);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function duckRows(sql: string): Promise<Record<string, unknown>[]> {
  await using duck = await openDuckDb({ tempFolder: folder, memoryMegabytes: 200 });
  return await duck.rows(sql);
}

function sqliteRows(sql: string, path = db): Record<string, unknown>[] {
  const database = openDatabase(path, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

const views = {
  hosts: 'run_hosts',
  ports: 'ports',
  banners: 'banners',
  http_endpoints: 'http_endpoints',
  runs: 'runs',
};

test('every table has the columns of the data set, of its types, in its order', async () => {
  await writeDataSet(store, { folder: out });
  for (const table of dataSetTableNames) {
    const columns = await duckRows(`DESCRIBE SELECT * FROM '${out}/${table}.parquet'`);
    const found = columns.map((column) => [column['column_name'], column['column_type']]);
    expect(found, table).toEqual(Object.entries(allTables[table]));
  }
});

test('the tables hold what the views of the store show', async () => {
  const counts = await writeDataSet(store, { folder: out });
  expect(counts).toEqual({ runs: 2, hosts: 3, ports: 7, banners: 1, http_endpoints: 2, errors: 1 });
  for (const [table, view] of Object.entries(views)) {
    const order = Object.keys(allTables[table as keyof typeof views])[0]!;
    const ours = await duckRows(`SELECT * FROM '${out}/${table}.parquet' ORDER BY ${order}`);
    expect(ours, table).toEqual(sqliteRows(`SELECT * FROM ${view} ORDER BY ${order}`));
  }
  const [error] = await duckRows(`SELECT * FROM '${out}/errors.parquet'`);
  expect(error).toMatchObject({
    run_id: firstRun,
    code: 'ECONNRESET',
    at_ms: Date.UTC(2024, 8, 10),
  });
});

test('an empty service name is not a missing one, and favicons have the form of the data set', async () => {
  await writeDataSet(store, { folder: out });
  const services = await duckRows(
    `SELECT port, service_name, confidence FROM '${out}/ports.parquet'
     WHERE port_id LIKE '${firstRun}%' AND transport = 'tcp' ORDER BY host_id, port`,
  );
  expect(services.map(({ service_name: name }) => name)).toEqual([
    'ssh',
    '',
    'a|b,c"\n',
    null,
    null,
  ]);
  expect(services.map(({ confidence }) => confidence)).toEqual([0.9, null, 1, null, null]);
  const [page] = await duckRows(
    `SELECT favicon_hash FROM '${out}/http_endpoints.parquet' WHERE h2 = 1 AND port_id LIKE '%/443'`,
  );
  expect(page).toEqual({ favicon_hash: 'mmh3:0xfffffffb' });
});

test('only the scans that are named are written', async () => {
  expect(await writeDataSet(store, { folder: out, scans: [secondRun] })).toMatchObject({
    runs: 1,
    hosts: 1,
    ports: 1,
    banners: 0,
  });
});

test('with --partition each month of scans has a folder, which a query reads as one table', async () => {
  const { status } = await portolan([
    'export',
    '--format',
    'parquet',
    '--partition',
    '-o',
    out,
    '--db',
    db,
  ]);
  expect(status).toBe(0);
  expect(readdirSync(join(out, 'ports')).sort()).toEqual(['month=2024-09', 'month=2024-10']);
  const { stdout } = await portolan([
    'query',
    '--from',
    out,
    '--json',
    'SELECT month, count(*) AS n FROM ports GROUP BY month ORDER BY month',
  ]);
  expect(JSON.parse(stdout)).toEqual([
    { month: '2024-09', n: 6 },
    { month: '2024-10', n: 1 },
  ]);
  const empty = await portolan([
    'query',
    '--from',
    out,
    '--json',
    "SELECT count(*) AS n FROM banners WHERE protocol = 'ftp'",
  ]);
  expect(JSON.parse(empty.stdout)).toEqual([{ n: 0 }]);
});

test('csv, jsonl and json in a folder hold the same rows as Parquet', async () => {
  for (const format of ['csv', 'jsonl', 'json']) {
    expect((await portolan(['export', '-f', format, '-o', `${out}/`, '--db', db])).status).toBe(0);
  }
  const expected = sqliteRows('SELECT port_id, state, service_name FROM ports ORDER BY port_id');
  for (const file of ['ports.jsonl', 'ports.json']) {
    expect(
      await duckRows(`SELECT port_id, state, service_name FROM '${out}/${file}' ORDER BY port_id`),
    ).toEqual(expected);
  }
  expect(readFileSync(join(out, 'ports.csv'), 'utf8')).toContain('"a|b,c""\n"');
  expect(readFileSync(join(out, 'hosts.csv'), 'utf8')).toContain("'=1+1");
});

test.each(['parquet', 'csv', 'jsonl', 'json'])(
  'a query reads a folder of %s as the tables',
  async (format) => {
    await portolan(['export', '-f', format, '-o', `${out}/`, '--db', db]);
    for (const [table, { isEqual, storeRows }] of Object.entries(
      await compareDataSet(store, { folder: out }),
    )) {
      expect([table, isEqual, storeRows > 0]).toEqual([table, true, true]);
    }
    const asked = await portolan([
      'query',
      '--from',
      out,
      '--json',
      'SELECT count(*) AS n FROM hosts',
    ]);
    expect(JSON.parse(asked.stdout)).toEqual([{ n: sqliteRows('SELECT * FROM run_hosts').length }]);
  },
);

test('sqlite is one file with the six tables and nothing else', async () => {
  const { status, stderr } = await portolan([
    'export',
    '-f',
    'sqlite',
    '-o',
    `${out}.db`,
    '--db',
    db,
  ]);
  expect(stderr).toMatch(/2 runs, 3 hosts, 7 ports/);
  expect(status).toBe(0);
  const tables = sqliteRows('SELECT name FROM sqlite_schema ORDER BY name', `${out}.db`);
  expect(tables.map(({ name }) => name)).toEqual([...dataSetTableNames].sort());
  for (const [table, view] of Object.entries(views)) {
    expect(sqliteRows(`SELECT * FROM ${table} ORDER BY 1`, `${out}.db`)).toEqual(
      sqliteRows(`SELECT * FROM ${view} ORDER BY 1`),
    );
  }
});

test('an export that is stopped leaves the folder as it was', async () => {
  mkdirSync(out);
  writeFileSync(join(out, 'ports.parquet'), 'of yesterday');
  const stop = new AbortController();
  const writing = writeDataSet(store, {
    folder: out,
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('stopped')),
  });
  await expect(writing).rejects.toThrow('stopped');
  expect(readdirSync(out)).toEqual(['ports.parquet']);
  expect(readFileSync(join(out, 'ports.parquet'), 'utf8')).toBe('of yesterday');
});

test('a stop before the first row ends the thread that reads ports too', async () => {
  const path = join(folder, 'stopped.db');
  await using source = await openSqliteStore(path, { create: true });
  const hosts = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'];
  const first = hosts.map((addr) =>
    port({ run_id: firstRun, addr, transport: 'tcp' }, 0, undefined, 1),
  );
  await importEvents(source, first);
  // More than the thread reads ahead.
  const database = openDatabase(path);
  database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 65535)
    INSERT INTO port_scans (job_id, host_id, transport, port, state, first_seen, last_seen)
    SELECT job_id, host_id, transport, i, state, first_seen, last_seen FROM port_scans, n`);
  database.close();
  const stop = new AbortController();
  await using duck = await openDuckDb({
    tempFolder: folder,
    memoryMegabytes: 100,
    signal: stop.signal,
  });
  stop.abort(new Error('stopped'));
  const before = workerThreads();
  const ids = await Array.fromAsync(everyJobId(source.database));
  await expect(portRelation(source, duck, { ids, folder })).rejects.toThrow('stopped');
  await vi.waitFor(() => expect(workerThreads()).toBe(before), { timeout: 10_000 });
});

/** How many worker threads this process has. */
function workerThreads(): number {
  const names = readdirSync('/proc/self/task').map((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8');
    } catch {
      return '';
    }
  });
  return names.filter((name) => name.startsWith('WorkerThread')).length;
}

test('an export never replaces a store, nor text a database', async () => {
  const before = readFileSync(db);
  const words = { sqlite: ['export', '-f', 'sqlite'], jsonl: ['export'], csv: ['ports', '--csv'] };
  for (const command of Object.values(words)) {
    const { status, stderr } = await portolan([...command, '-o', db, '--db', db]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('name another file with -o')]);
  }
  const { status } = await portolan(['query', 'FROM ports', '--csv', '-o', db, '--db', db]);
  expect(status).toBe(2);
  expect(readFileSync(db).equals(before)).toBe(true);
  // An older export may go.
  for (let i = 0; i < 2; i++) {
    const again = await portolan(['export', '-f', 'sqlite', '-o', `${out}.db`, '--db', db]);
    expect(again.status).toBe(0);
  }
});

test('an export that cannot be written fails, and one without a target asks for it', async () => {
  writeFileSync(out, '');
  const { status, stderr } = await portolan(['export', '-f', 'parquet', '-o', out, '--db', db]);
  expect([status, stderr]).toEqual([73, expect.stringMatching(/cannot be written \(EEXIST\)/)]);
  expect((await portolan(['export', '-f', 'parquet', '--db', db])).status).toBe(2);
  expect((await portolan(['export', '-f', 'sqlite', '--db', db])).status).toBe(2);
  const file = await portolan(['export', '-f', 'parquet', '-o', `${out}.parquet`, '--db', db]);
  expect(file).toMatchObject({ status: 2, stderr: expect.stringContaining('a folder of six') });
  expect((await portolan(['export', '--partition', '--db', db])).status).toBe(2);
  chmodSync(out, 0o600);
});

test('a store that was exported as events and imported again has the same data set', async () => {
  // More than are read without a thread of their own, some of them of another scan between.
  const base = { run_id: firstRun, transport: 'tcp' };
  function* many(): Generator<Record<string, unknown>> {
    for (let i = 0; i < 55_000; i++) {
      const service =
        i % 7 === 0
          ? undefined
          : { name: `service-with-a-long-name-${i % 9}`, confidence: (i % 11) / 10 };
      const addr =
        i % 5 === 0 ? `2001:db8::${(i >> 9).toString(16)}` : `10.0.${i >> 12}.${(i >> 4) & 255}`;
      yield {
        ...port({ ...base, addr }, i % 65_536, service, 1_725_900_000_000 + i),
        state: ['open', 'closed', 'filtered'][i % 3],
      };
    }
  }
  await using source = await openSqliteStore(join(folder, 'many.db'), { create: true });
  await importEvents(source, many());
  await importEvents(source, storedSample());
  const counts = await writeDataSet(source, { folder: out });
  expect(counts.ports).toBeGreaterThan(50_000);
  await using copy = await openSqliteStore(join(folder, 'copy.db'), { create: true });
  const events = await Array.fromAsync(storedEvents(source.database, everyJobId(source.database)));
  await importEvents(copy, events);
  const compared = await compareDataSet(copy, { folder: out });
  expect(compared).toEqual(await compareDataSet(source, { folder: out }));
  for (const table of dataSetTableNames)
    expect(compared[table], table).toMatchObject({ isEqual: true });
});

function storedSample(): Record<string, unknown>[] {
  return [
    port({ run_id: secondRun, addr: '192.0.2.7', transport: 'udp' }, 53, { name: 'domain' }, 5),
  ];
}

describe.each(storeKinds)('on $name', ({ newStore }) => {
  test('the data set is the same, and the saved queries have answers', async () => {
    await using made = await newStore();
    await importEvents(made.store, sampleEvents());
    await writeDataSet(store, { folder: out });
    const compared = await compareDataSet(made.store, { folder: out });
    for (const [table, { isEqual }] of Object.entries(compared))
      expect([table, isEqual]).toEqual([table, true]);
    const env = { XDG_CACHE_HOME: join(folder, 'cache') };
    for (const name of ['rare-services', 'expiring-certificates', 'hosts-by-open-ports']) {
      const words = ['query', name, '--json', '--db', made.db];
      const first = await portolan(words, { env });
      expect(JSON.parse(first.stdout)).not.toEqual([]);
    }
  });
});

test('a comparison notices a row that is missing, and one that differs', async () => {
  await writeDataSet(store, { folder: out });
  const same = await compareDataSet(store, { folder: out });
  expect(Object.values(same).every(({ isEqual }) => isEqual)).toBe(true);
  await duckRows(
    `COPY (SELECT * FROM '${out}/ports.parquet' LIMIT 6) TO '${out}/p.parquet' (FORMAT parquet)`,
  );
  await duckRows(
    `COPY (SELECT * REPLACE (replace(banner, '2', '1') AS banner) FROM '${out}/banners.parquet') TO '${out}/b.parquet' (FORMAT parquet)`,
  );
  rmSync(join(out, 'ports.parquet'));
  await duckRows(`COPY (FROM '${out}/p.parquet') TO '${out}/ports.parquet'`);
  rmSync(join(out, 'banners.parquet'));
  await duckRows(`COPY (FROM '${out}/b.parquet') TO '${out}/banners.parquet'`);
  const compared = await compareDataSet(store, { folder: out });
  expect(compared.ports).toEqual({ storeRows: 7, folderRows: 6, isEqual: false });
  expect(compared.banners).toEqual({ storeRows: 1, folderRows: 1, isEqual: false });
  expect(compared.hosts.isEqual).toBe(true);
});
