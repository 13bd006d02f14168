import { execFile } from 'node:child_process';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDuckDb } from '../../src/analytics/data-set/duckdb.ts';
import { listSavedQueries } from '../../src/analytics/query/saved-queries.ts';
import { openDatabase } from '../../src/database/driver.ts';
import { removeJob } from '../../src/store/scans/end-scan.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { portolan } from '../cli.ts';
import { importEvents } from '../store/filled.ts';
import { finish, firstRun, port, sampleStore, secondRun } from './sample-store.ts';

const run = promisify(execFile);
const bin = join(import.meta.dirname, '../../bin/portolan.js');

let folder: string;
let db: string;
let store: Store;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-query-test-'));
  db = join(folder, 'store.db');
  store = await sampleStore(db);
});

afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function ask(...words: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await portolan(['query', '--db', db, '--json', ...words]);
  expect([status, stderr.replace(/^\(read .*\)\n/, '')]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function refusal(sql: string, ...words: string[]): Promise<string> {
  const { status, stderr } = await portolan(['query', '--db', db, ...words, sql]);
  expect(status, sql).not.toBe(0);
  return stderr;
}

describe('in the folder of an export, word for word', () => {
  let place: string;

  beforeAll(async () => {
    place = join(folder, 'exported');
    await portolan(['export', '--db', db, '-f', 'parquet', '-o', place]);
    await portolan(['export', '--db', db, '-f', 'sqlite', '-o', join(place, 'results.db')]);
  });

  /** As a user does: another process, in that folder, and no store anywhere. */
  async function recipe(sql: string): Promise<unknown> {
    const env = { ...process.env, HOME: join(folder, 'nobody'), PORTOLAN_DB: '' };
    const words = [bin, 'query', '--json', sql];
    const { stdout } = await run(process.execPath, words, { cwd: place, env });
    return JSON.parse(stdout);
  }

  test('the first recipe joins hosts, ports and pages', async () => {
    const rows = await recipe(`-- Parquet
SELECT h.address, p.port, he.status, he.server_header
FROM 'hosts.parquet' h
JOIN 'ports.parquet' p USING(host_id)
LEFT JOIN 'http_endpoints.parquet' he USING(port_id)
WHERE p.state='open' AND p.port IN (80,443)
ORDER BY h.address, p.port;`);
    expect(rows).toEqual([
      { address: '192.0.2.10', port: 80, status: 200, server_header: null },
      { address: '192.0.2.10', port: 443, status: 200, server_header: 'nginx' },
      { address: '2001:db8::1', port: 443, status: null, server_header: null },
    ]);
  });

  test('the second recipe counts server headers', async () => {
    const rows = await recipe(`-- Server header top 10
SELECT server_header, COUNT(*) AS n
FROM 'http_endpoints.parquet'
WHERE status BETWEEN 200 AND 399
GROUP BY server_header
ORDER BY n DESC
LIMIT 10;`);
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual({ server_header: 'nginx', n: 1 });
  });

  test('the third recipe attaches a SQLite file, an export as well as a store', async () => {
    const sql = `-- SQLite
ATTACH 'results.db' AS r;
SELECT COUNT(*) FROM r.ports WHERE state='open';
DETACH r;`;
    expect(await recipe(sql)).toEqual([{ 'count_star()': 6 }]);
    rmSync(join(place, 'results.db'));
    const copy = openDatabase(db, { readOnly: true });
    copy.exec(`VACUUM INTO '${join(place, 'results.db')}'`);
    copy.close();
    expect(await recipe(sql)).toEqual([{ 'count_star()': 6 }]);
  });

  test('--from names the folder from elsewhere, tables and files by name', async () => {
    expect(
      await ask(
        '--from',
        place,
        "SELECT count(*) AS n FROM ports JOIN 'hosts.parquet' USING (host_id)",
      ),
    ).toEqual([{ n: 7 }]);
  });
});

describe('over the store', () => {
  test('questions count what is there once, however many scans saw it', async () => {
    const path = join(folder, 'twice.db');
    const again = await openSqliteStore(path, { create: true });
    const scan = (run_id: string, t: number, states: readonly string[]) => {
      const base = { run_id, addr: '192.0.2.10', transport: 'tcp' };
      const page = {
        ...base,
        type: 'web.endpoint',
        port: 80,
        scheme: 'http',
        authority: 'a',
        h2: 0,
      };
      return [
        ...states.map((state, i) => ({
          ...port(base, 80 + i, undefined, t),
          state,
          t_first: t,
          t_last: t,
        })),
        { ...page, path: '/', status: 200, server_header: 'nginx', tech_tags: ['nginx'], t },
        { ...page, path: '/x', status: 200, t },
      ];
    };
    const t = Date.UTC(2024, 0, 1);
    await importEvents(again, scan(firstRun, t, ['open', 'closed', 'open', 'open|filtered']));
    await importEvents(again, scan(secondRun, t + 1000, ['open', 'filtered', 'closed', 'closed']));
    await again.close();
    const answer = async (name: string): Promise<unknown> =>
      JSON.parse((await portolan(['query', '--db', path, '--json', name])).stdout);
    expect(await answer('top-servers')).toEqual([
      { server_header: 'nginx', pages: 1, addresses: 1 },
    ]);
    expect(await answer('technologies')).toEqual([{ technology: 'nginx', pages: 1 }]);
    expect(await answer('changed-ports')).toMatchObject([
      { port: 82, state: 'closed', last_open: new Date(t).toISOString() },
    ]);
  });

  test('a column without a value is a column', async () => {
    const { stdout } = await portolan(['query', '--db', db, 'SELECT 1 AS a, NULL AS b']);
    expect(stdout).toMatch(/^A +B\n1/);
  });

  test('every saved query has an answer', async () => {
    const queries = await listSavedQueries();
    expect(queries.length).toBeGreaterThan(10);
    const answers = new Map<string, unknown>();
    for (const { name, title } of queries) {
      expect(title).toMatch(/\?$/);
      answers.set(name, await ask(name));
    }
    expect(answers.get('top-servers')).toContainEqual({
      server_header: 'nginx',
      pages: 1,
      addresses: 1,
    });
    expect(answers.get('expiring-certificates')).toMatchObject([
      { presented_by: '192.0.2.10:443' },
    ]);
    expect(answers.get('tls-versions')).toEqual([
      { version: 'TLSv1.3', cipher: null, handshakes: 1, addresses: 1 },
    ]);
    expect(answers.get('technologies')).toEqual([
      { technology: 'nginx', pages: 1 },
      { technology: 'react', pages: 1 },
    ]);
    expect(answers.get('scans-by-month')).toMatchObject([
      { month: '2024-09', open_ports_seen: 5 },
      { month: '2024-10', open_ports_seen: 1 },
    ]);
    expect(answers.get('errors-by-code')).toMatchObject([{ code: 'ECONNRESET', times: 1 }]);
    expect(answers.get('new-ports')).toEqual([]);
    expect(answers.get('rare-services')).toContainEqual({
      service_name: 'ssh',
      products: 'OpenSSH',
      hosts: 1,
      places: '192.0.2.10:22',
    });
    expect(answers.get('self-signed-certificates')).toMatchObject([
      { subject: 'O=Example, CN=app.example.com', addresses: 1 },
    ]);
  });

  test('columns are cached for their owner only, and read again only if a scan changed', async () => {
    const cache = join(folder, 'cache');
    const query = (): ReturnType<typeof portolan> =>
      portolan(['query', '--db', db, '--cache', cache, '--csv', 'SELECT count(*) AS n FROM ports']);
    expect(await query()).toMatchObject({
      stdout: 'n\n7\n',
      stderr: expect.stringMatching(/^\(read 7 ports from the store/),
    });
    const files = readdirSync(cache).sort();
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    for (const file of files) expect(statSync(join(cache, file)).mode & 0o777).toBe(0o600);
    expect(await query()).toMatchObject({ stdout: 'n\n7\n', stderr: '' });

    const third = '01940000-0000-7000-8000-000000000003';
    const base = { run_id: third, addr: '192.0.2.99', transport: 'tcp' };
    await importEvents(store, [port(base, 8080, undefined, 5), finish(third, 9)]);
    expect(await query()).toMatchObject({
      stdout: 'n\n8\n',
      stderr: expect.stringMatching(/^\(read 1 ports/),
    });
    expect(readdirSync(cache)).toEqual(expect.arrayContaining(files));

    await importEvents(store, [{ ...port(base, 8081, undefined, 6) }, finish(third, 9)]);
    expect(await query()).toMatchObject({
      stdout: 'n\n9\n',
      stderr: expect.stringMatching(/^\(read 2 ports/),
    });

    await removeJob(store.database, third);
    expect(await query()).toMatchObject({ stdout: 'n\n7\n', stderr: '' });
    rmSync(
      join(
        cache,
        files.find((file) => file.endsWith('.parquet'))!,
      ),
    );
    expect(await query()).toMatchObject({ stdout: 'n\n7\n' });
  });

  test('a service that changes where nothing else does is seen', async () => {
    const sql = `SELECT service_name FROM ports WHERE port = 22 AND host_id LIKE '${secondRun}%'`;
    expect(await ask(sql)).toEqual([{ service_name: 'ssh' }]);
    const base = { run_id: secondRun, addr: '192.0.2.10', transport: 'tcp' };
    await importEvents(store, [port(base, 22, { name: 'sftp' }, Date.UTC(2024, 9, 20, 1))]);
    expect(await ask(sql)).toEqual([{ service_name: 'sftp' }]);
  });

  test('SQL comes from a file or stdin, and goes to a table, lines, CSV or Parquet', async () => {
    const file = join(folder, 'ask.sql');
    writeFileSync(
      file,
      `SELECT port FROM ports WHERE host_id LIKE '${firstRun}%' AND transport = 'udp'; -- one`,
    );
    const out = join(folder, 'answer.parquet');
    expect((await portolan(['query', '--db', db, '--file', file])).stdout).toBe('PORT\n53\n');
    expect(
      (
        await portolan(['query', '--db', db, '--jsonl', '-'], {
          stdin: "SELECT 9007199254740993 AS big, DATE '2024-01-02' AS day, [1, 2] AS list",
        })
      ).stdout,
    ).toBe('{"big":"9007199254740993","day":"2024-01-02T00:00:00.000Z","list":[1,2]}\n');
    expect((await portolan(['query', '--db', db, '--file', file, '-o', out])).status).toBe(0);
    expect(await ask('--from', folder, "SELECT * FROM 'answer.parquet'")).toEqual([{ port: 53 }]);
    expect(readdirSync(folder).filter((name) => name.includes('part'))).toEqual([]);
    const nowhere = join(folder, 'nowhere', 'answer.parquet');
    const refused = await portolan(['query', '--db', db, '--file', file, '-o', nowhere]);
    expect([refused.status, refused.stderr]).toEqual([73, expect.stringContaining(nowhere)]);
    const gone = await portolan(['query', '--from', join(folder, 'gone'), 'SELECT 1']);
    expect([gone.status, gone.stderr]).toEqual([66, expect.stringContaining('cannot be read')]);
  });

  test('several queries are answered one after the other, but not into one file', async () => {
    expect((await portolan(['query', 'SELECT 1 AS a; SELECT 2 AS b'])).stdout).toBe('A\n1\nB\n2\n');
    expect((await portolan(['query', '--json', 'SELECT 1 AS a; SELECT 2 AS b'])).status).toBe(2);
  });
});

describe('a query can do nothing but read', () => {
  const inside = (): string => join(folder, 'inside');

  beforeAll(() => {
    mkdirSync(inside());
    writeFileSync(join(folder, 'secret.csv'), 'a\n1\n');
    writeFileSync(join(inside(), 'data.csv'), 'a\n1\n');
    symlinkSync(join(folder, 'secret.csv'), join(inside(), 'link.csv'));
  });

  test.each([
    "COPY (SELECT 1) TO 'x.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO 'x.csv'",
    "PREPARE p AS COPY (SELECT 1) TO 'x.csv'",
    "EXPORT DATABASE 'x'",
    "ATTACH 'x.duckdb' AS x (TYPE duckdb)",
    'CREATE TABLE t AS SELECT 1',
    'DROP VIEW ports',
    'INSTALL httpfs',
    "LOAD 'x.duckdb_extension'",
    'SET enable_external_access = true',
    'RESET lock_configuration',
    'PRAGMA enable_profiling',
    'CALL enable_logging()',
    "SELECT * FROM query('COPY (SELECT 1) TO ''x.csv''')",
    "SELECT 1; COPY (SELECT 1) TO 'x.csv'",
    "SELECT $$;$$; -- ;\nCOPY (SELECT ';') TO 'x.csv'",
  ])('%s is refused', async (sql) => {
    await refusal(sql, '--from', inside());
    expect(readdirSync(inside()).sort()).toEqual(['data.csv', 'link.csv']);
  });

  /** As a user does: another process, in a folder. */
  async function inFolder(cwd: string, sql: string): Promise<unknown[]> {
    const words = [bin, 'query', '--json', sql];
    return run(process.execPath, words, { cwd }).then(
      ({ stdout, stderr }) => [0, stdout, stderr],
      ({ code, stdout, stderr }) => [code, stdout, stderr],
    );
  }

  test.each([
    ["FROM enable_logging('QueryLog', storage='stdout')", 'a query cannot call enable_logging()'],
    [
      "DESCRIBE FROM Enable_Logging('QueryLog', storage='file', storage_path='/nowhere/x')",
      'a query cannot call enable_logging()',
    ],
    [
      "FROM enable_logging('QueryLog', storage='file', storage_path='logs')",
      'a query cannot call enable_logging()',
    ],
    ["EXPORT DATABASE 'd'", 'a query can only read'],
    ["EXPLAIN EXPORT DATABASE 'd'", 'Parser Error'],
    ["EXPLAIN /* /* */ SELECT 1 -- */ EXPORT DATABASE 'd'", 'Parser Error'],
    ["SELECT json_serialize_plan('FROM range(1)')", 'a query cannot call json_serialize_plan()'],
    ['SELECT (SELECT "SLEEP_MS"(1))', 'a query cannot call sleep_ms()'],
    ["FROM read_csv('data' || '.csv')", 'read_csv() needs its files as literal text'],
  ])('%s has no effect', async (sql, message) => {
    expect(await inFolder(inside(), sql)).toEqual([65, '', expect.stringContaining(message)]);
    expect(readdirSync(inside()).sort()).toEqual(['data.csv', 'link.csv']);
  });

  test("every table function of DuckDB's is one that reads, or is refused", async () => {
    await using duck = await openDuckDb({ tempFolder: folder, memoryMegabytes: 200 });
    const called = await duck.rows<{ name: string; kind: string }>(
      `SELECT DISTINCT function_name AS name, function_type AS kind FROM duckdb_functions()
       WHERE function_type IN ('table', 'table_macro', 'pragma') ORDER BY ALL`,
    );
    expect(called.length).toBeGreaterThan(100);
    const allowed = new Set<string>();
    for (const { name, kind } of called) {
      if (kind === 'pragma') {
        await refusal(`PRAGMA ${name}`, '--from', inside());
        continue;
      }
      for (const words of ['', "'data.csv'", "'QueryLog', 'data.csv'", '1, 2']) {
        const sql = `FROM ${name}(${words})`;
        const { status, stderr } = await portolan(['query', '--from', inside(), sql]);
        expect([0, 65], sql).toContain(status);
        if (stderr.includes('a query cannot call')) break;
        allowed.add(name);
      }
    }
    expect(readdirSync(inside()).sort()).toEqual(['data.csv', 'link.csv']);
    expect([...allowed].filter((name) => !/^(read|parquet)_/.test(name))).toEqual(
      'generate_series glob json_each json_tree range sniff_csv unnest'.split(' '),
    );
    expect(allowed).not.toContain('read_duckdb');
  });

  test("every function with effects is refused, but for those on the query's own state", async () => {
    await using duck = await openDuckDb({ tempFolder: folder, memoryMegabytes: 200 });
    const found = await duck.rows<{ name: string }>(
      `SELECT DISTINCT function_name AS name FROM duckdb_functions()
       WHERE has_side_effects OR function_name = 'pg_sleep' ORDER BY ALL`,
    );
    const allowed = [];
    for (const { name } of found) {
      const { stderr } = await portolan(['query', `SELECT ${name}()`]);
      if (!stderr.includes('a query cannot call')) allowed.push(name);
    }
    expect(allowed).toEqual(
      `current_connection_id current_query current_query_id current_transaction_id currval error
       gen_random_uuid nextval random setseed stats uuid uuidv4 uuidv7`.split(/\s+/),
    );
  });

  test('the cache of a tenant can be read as its tables only', async () => {
    const home = join(folder, 'home');
    const cache = join(home, '.cache/portolan/0123/tenant');
    const count = ['query', '--db', db, '--cache', cache, '--csv', 'SELECT count(*) FROM hosts'];
    expect((await portolan(count)).stdout).toMatch(/\n\d+\n$/);
    const file = globSync('hosts*.parquet', { cwd: cache }).join();
    symlinkSync(cache, join(home, 'link'));
    symlinkSync(join(cache, file), join(home, 'link.parquet'));
    for (const path of [
      '.cache/portolan/*/*/hosts*.parquet',
      '**/*.parquet',
      '.cache/portolan/0123/tenant',
      `.cache/portolan/0123/tenant/${file}`,
      `.cache/../.cache/portolan/0123/tenant/${file}`,
      `link/${file}`,
      `link/../tenant/${file}`,
      'link.parquet',
      join(cache, file),
      `file://${join(cache, file)}`,
      `file:${join(cache, file)}`,
    ]) {
      for (const sql of [`FROM read_parquet('${path}')`, `FROM read_blob(['${path}'])`]) {
        const [, stdout] = await inFolder(home, sql);
        expect(['', '[]\n'], sql).toContain(stdout);
      }
    }
    expect(await refusal('FROM hosts', '--from', cache)).toMatch(/hosts does not exist/);
    expect(await refusal(`FROM '${file}'`, '--from', cache)).toMatch(/Permission Error/);
    const shared = ['query', '--db', db, '--cache', join(cache, '..'), `FROM hosts, '${cache}/*'`];
    expect((await portolan(shared)).status).toBe(65);
  });

  test('a folder of Parquet files can be read by its name', async () => {
    const place = join(folder, 'months');
    await portolan(['export', '--db', db, '-f', 'parquet', '--partition', '-o', place]);
    const [status, stdout] = await inFolder(
      place,
      "SELECT 1 AS a FROM read_parquet('ports') LIMIT 1",
    );
    expect([status, stdout]).toEqual([0, '[\n{"a":1}\n]\n']);
    expect(await inFolder(place, "FROM 'gone.csv'")).toEqual([
      65,
      '',
      expect.stringContaining('No files found'),
    ]);
  });

  test('files elsewhere cannot be read, by whatever way', async () => {
    const secret = join(folder, 'secret.csv');
    for (const path of [
      secret,
      '/etc/passwd',
      `${inside()}/../secret.csv`,
      join(inside(), 'link.csv'),
    ]) {
      for (const from of [
        `'${path}'`,
        `read_csv('${path}')`,
        `read_text('${path}')`,
        `glob('${path}')`,
      ]) {
        if (from.startsWith('glob') && path.includes('inside/link')) continue;
        const said = await refusal(`SELECT * FROM ${from}`, '--from', inside());
        expect(said).toMatch(/Permission Error|Catalog Error: Table with name .* does not exist/);
      }
      expect(await refusal(`ATTACH '${path}' AS x; SELECT 1`, '--from', inside())).toMatch(
        /is outside/,
      );
    }
    expect(await refusal("SELECT * FROM 'https://example.com/x.parquet'")).toMatch(
      /Missing Extension Error/,
    );
    expect(await ask('--from', inside(), "SELECT * FROM 'data.csv'")).toEqual([{ a: 1 }]);
  });

  test('text that looks like an end does not end the query that is written as Parquet', async () => {
    const out = join(folder, 'bad.parquet');
    await refusal(`SELECT 1) TO '${join(folder, 'evil.csv')}' --`, '-o', out);
    await refusal(`SELECT 1 /* `, '-o', out);
    expect(readdirSync(folder).filter((name) => /evil|bad/.test(name))).toEqual([]);
  });

  test('its time and its memory are bounded', async () => {
    const long =
      'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 1';
    expect(await refusal(long, '--timeout', '0.3')).toMatch(/took longer than 0.3 s/);
    const large = 'SELECT list(x) FROM (SELECT range AS x FROM range(50000000))';
    expect(await refusal(large, '--memory', '60')).toMatch(/exceeds its memory limit: .*--memory/);
  });
});

test("any SQLite file in the folder can be attached, with its columns' declared types", async () => {
  const other = openDatabase(join(folder, 'other.db'));
  other.exec(`CREATE TABLE "some things" (id INTEGER PRIMARY KEY, name TEXT, size REAL, n INT, anything);
    INSERT INTO "some things" VALUES (1, 'a', 1.5, 'none', x'41'), (2, NULL, NULL, 7, 3), (3, 'c', 4, 9007199254740993, 0)`);
  other.close();
  writeFileSync(join(folder, 'no.db'), 'no database at all');
  const rows = await ask(
    '--from',
    folder,
    'ATTACH \'other.db\'; SELECT * FROM other."some things" ORDER BY id',
  );
  expect(rows).toEqual([
    { id: 1, name: 'a', size: 1.5, n: null, anything: 'A' },
    { id: 2, name: null, size: null, n: 7, anything: '3' },
    { id: 3, name: 'c', size: 4, n: '9007199254740993', anything: '0' },
  ]);
  expect(await refusal("ATTACH 'no.db' AS n; SELECT 1", '--from', folder)).toMatch(
    /is not a SQLite file/,
  );
  expect(await refusal("ATTACH 'gone.db' AS n; SELECT 1", '--from', folder)).toMatch(
    /cannot be read \(ENOENT\)/,
  );
  expect(await refusal('DETACH n; SELECT 1')).toMatch(/nothing is attached as "n"/);
});

test('DuckDB is loaded by what uses it, and by no other command', () => {
  const sources = globSync('src/**/*.ts', { cwd: join(import.meta.dirname, '../..') });
  const always = sources.filter((file) =>
    /^import (?!type)[^;]*'@duckdb/m.test(
      readFileSync(join(import.meta.dirname, '../..', file), 'utf8'),
    ),
  );
  expect(always).toEqual([]);
});
