import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ImportSource, readImport } from '../../src/import/read-import.ts';
import { type ImportResult, recordImport } from '../../src/record/import-recorder.ts';
import { findJob, listJobs } from '../../src/store/scans/find-scan.ts';
import type { Store } from '../../src/store/store.ts';
import { everyJobId, storedEvents } from '../../src/store/export/events.ts';
import { requirement } from '../environment.ts';
import { selfSigned } from './self-signed.ts';
import { type StoreKind, storeKinds, type TestStore } from './stores.ts';

let folder: string;
let opened: TestStore;
let store: Store;

const tables = [
  'scan_jobs',
  'scan_units',
  'scan_errors',
  'hosts',
  'host_ports',
  'host_scans',
  'port_scans',
  'services',
  'banner_scans',
  'tls_scans',
  'http_scans',
  'certificates',
  'findings',
  'script_results',
  'os_matches',
  'trace_hops',
];

const rows: TestStore['rows'] = (sql) => opened.rows(sql);

/** Columns that tell who worked on a store, when and in which order, not what is in it. */
const incidental = new Set(
  ['id', 'last_job_id', 'requested_at', 'heartbeat_at'].concat(
    ['id', 'host', 'pid', 'started'].map((column) => `worker_${column}`),
  ),
);

/** Everything in the store, keys as the names they stand for. */
async function everything(uuid: 'id' | 'uuid'): Promise<unknown> {
  const names = async (table: string): Promise<Map<unknown, unknown>> =>
    new Map(
      (await rows(`SELECT id, ${uuid} AS name FROM ${table}`)).map((r) => [r['id'], r['name']]),
    );
  const keys = new Map([
    ['job_id', await names('scan_jobs')],
    ['host_id', await names('hosts')],
  ]);
  const named = (row: Record<string, unknown>): string =>
    JSON.stringify(
      Object.entries(row)
        .filter(([column]) => !incidental.has(column))
        .map(([column, value]) => [column, keys.get(column)?.get(value) ?? value]),
    );
  return Promise.all(
    tables.map(async (table) => [table, (await rows(`SELECT * FROM ${table}`)).map(named).sort()]),
  );
}

function file(name: string, lines: readonly object[], end = '\n'): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n') + end);
  return path;
}

function importFrom(source: ImportSource, signal?: AbortSignal): Promise<ImportResult> {
  const options = signal ? { signal } : {};
  return recordImport(store, readImport(source, options), options);
}

const runId = '0192f3a0-0000-7000-8000-000000000001';
const place = { run_id: runId, addr: '192.0.2.10', transport: 'tcp', port: 443 };

function wholeScan(): object[] {
  const { leaf, issuer } = selfSigned();
  const config = { targets: ['192.0.2.8/30'], ports: '22,80,443,853', seed: 's' };
  return [
    {
      type: 'run.start',
      run_id: runId,
      t: 1000,
      tool_version: '1.2.3',
      args: ['scan', '192.0.2.8/30'],
      scan_type: 'network',
      config,
      coverage: { targets: config.targets, ports: config.ports },
      git_sha: 'abc',
    },
    {
      type: 'scan.host',
      run_id: runId,
      addr: '192.0.2.10',
      state: 'up',
      reason: 'syn-ack',
      hostname: 'app.example.com',
      asn: 64500,
      not_shown: [{ transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 1 }],
      t: 1001,
    },
    {
      ...place,
      type: 'scan.port',
      state: 'open',
      reason: 'syn-ack',
      service: {
        name: 'https',
        product: 'nginx',
        version: '1.25',
        confidence: 0.9,
        method: 'http',
      },
      t_first: 1002,
      t_last: 1003,
    },
    { ...place, type: 'scan.port', port: 22, state: 'open', t_first: 1002, t_last: 1002 },
    { ...place, type: 'scan.port', port: 853, state: 'open', t_first: 1002, t_last: 1002 },
    { ...place, type: 'scan.port', addr: '2001:DB8::0:1', state: 'open', t_first: 5, t_last: 6 },
    { ...place, type: 'scan.banner', port: 22, protocol: 'ssh', banner: 'SSH-2.0-x\r\n', t: 1004 },
    {
      ...place,
      type: 'web.endpoint',
      scheme: 'https',
      authority: 'app.example.com',
      path: '/',
      status: 200,
      h2: 1,
      server_header: 'nginx',
      content_type: 'text/html',
      favicon_hash: 'mmh3:0xff1a2b3c',
      tech_tags: ['nginx', 'react'],
      tls: { version: 'TLSv1.3', ja3: 'a', ja3s: 'b', chain: [leaf, issuer] },
      t: 1005,
    },
    {
      ...place,
      type: 'web.endpoint',
      port: 80,
      scheme: 'http',
      authority: '192.0.2.10',
      path: '/',
      status: 301,
      h2: 0,
      location: 'https://app.example.com/',
      t: 1005,
    },
    {
      ...place,
      type: 'scan.tls',
      port: 853,
      tls: { server_name: 'dot.example.com', cipher: 'X', chain: [leaf, '...PEM...'] },
      t: 1006,
    },
    {
      type: 'run.error',
      run_id: runId,
      scope: 'port:192.0.2.10:tcp:80',
      code: 'E',
      message: 'm',
      t: 7,
    },
    {
      type: 'run.unit',
      run_id: runId,
      unit: 0,
      first: 0,
      last: 3,
      status: 'completed',
      t_start: 1001,
      t_end: 1007,
      counts: { probes_sent: 16 },
    },
    {
      type: 'run.finish',
      run_id: runId,
      t: 1010,
      status: 'completed',
      host_count: 2,
      error_count: 2,
      counts: { own: 3 },
    },
  ];
}

const v1Port = {
  type: 'scan.port',
  run_id: '018f...',
  addr: '192.0.2.10',
  transport: 'tcp',
  port: 443,
  state: 'open',
  reason: 'syn-ack',
  t_first: 1_725_900_000_101,
  t_last: 1_725_900_000_126,
};

/** A file that is large enough for the thread; every `badEvery`th line is no event. */
function largeFile(count: number, badEvery: number): string {
  const path = join(folder, 'large.jsonl');
  let text = '';
  for (let i = 0; i < count; i++) {
    const where = { addr: `10.0.${i >> 18}.${(i >> 10) & 255}`, port: i & 1023 };
    text +=
      i % badEvery === badEvery - 1 ? '{"broken\n' : `${JSON.stringify({ ...v1Port, ...where })}\n`;
    if (text.length > 1e6) {
      appendFileSync(path, text);
      text = '';
    }
  }
  appendFileSync(path, text);
  return path;
}

function shell(sql: string): unknown {
  const script = `ATTACH '${store.location}' AS r; ${sql}`;
  return JSON.parse(execFileSync('sqlite3', ['-json', ':memory:', script], { encoding: 'utf8' }));
}

const hasShell = requirement(
  'the sqlite3 shell',
  spawnSync('sqlite3', ['--version']).status === 0,
  "install Debian's sqlite3",
);

async function open({ newStore }: Pick<StoreKind, 'newStore'>): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'portolan-import-'));
  opened = await newStore();
  store = opened.store;
}

async function close(): Promise<void> {
  await opened[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}

describe.each(storeKinds)('on $name', ({ newStore, uuid }) => {
  beforeEach(() => open({ newStore }));
  afterEach(close);

  test('a whole scan is a completed job with every fact in its table', async () => {
    const result = await importFrom({ path: file('a.jsonl', wholeScan()) });
    expect(result).toMatchObject({ badLines: 0, ports: 4, isTruncated: false });
    const job = await findJob(store.database, 'last');
    expect(job).toMatchObject({
      id: runId,
      status: 'completed',
      is_partial: false,
      host_count: 2,
      error_count: 2,
      started_at: 1000,
      completed_at: 1010,
      counts: {
        own: 3,
        probes_sent: 16,
        ports: 4,
        banners: 1,
        http_endpoints: 2,
        tls_handshakes: 2,
      },
    });
    expect(await rows('SELECT count(*) AS n FROM certificates')).toEqual([{ n: 2 }]);
    expect(await rows('SELECT code, scope FROM scan_errors ORDER BY at')).toEqual([
      { code: 'E', scope: 'port:192.0.2.10:tcp:80' },
      { code: 'INVALID_CERTIFICATE', scope: 'port:192.0.2.10:tcp:853' },
    ]);
  });

  test('the same file twice changes no row', async () => {
    const path = file('a.jsonl', wholeScan());
    await importFrom({ path });
    const before = await everything(uuid);
    await importFrom({ path });
    expect(await everything(uuid)).toEqual(before);
  });

  test('what is exported and imported into a new store gives the same rows', async () => {
    await importFrom({ path: file('a.jsonl', wholeScan()) });
    await importFrom({
      path: file('v1.jsonl', [v1Port, { ...v1Port, port: 80, state: 'closed' }]),
    });
    await importFrom({ path: file('bad.jsonl', [{ ...v1Port, run_id: 'b' }, { nonsense: 1 }]) });
    const exported = await Array.fromAsync(
      storedEvents(store.database, everyJobId(store.database)),
    );
    const before = await everything(uuid);
    await opened[Symbol.asyncDispose]();
    opened = await newStore();
    store = opened.store;
    await importFrom({ path: file('exported.jsonl', exported) });
    expect(await everything(uuid)).toEqual(before);
  });

  test('a V1 file without run.start keeps its name, and another file of that run joins it', async () => {
    await importFrom({ path: file('a.jsonl', [v1Port]) });
    await importFrom({
      path: file('b.jsonl', [{ ...v1Port, port: 80, t_first: 1_725_900_009_000 }]),
    });
    const { rows: jobs } = await listJobs(store.database);
    expect(jobs).toMatchObject([
      { scan_id: '018f...', status: 'completed', scan_type: 'import', is_partial: false },
    ]);
    expect(jobs[0]?.counts).toMatchObject({ ports: 2, hosts: 1, hosts_up: 1 });
    expect((await findJob(store.database, '018f...')).id).toBe(jobs[0]?.id);
  });

  test('a run that ended before it began, or is in the future, is imported unchanged', async () => {
    const start = Date.UTC(2033, 0, 1);
    const [first] = wholeScan();
    const lines = [
      { ...first, t: start },
      { ...v1Port, run_id: runId },
      {
        type: 'run.finish',
        run_id: runId,
        t: 5,
        status: 'completed',
        host_count: 1,
        error_count: 0,
        counts: {},
      },
    ];
    const { jobs } = await importFrom({ path: file('a.jsonl', lines) });
    expect(jobs).toMatchObject([{ status: 'completed', started_at: start, completed_at: start }]);
  });

  test('several runs in one file are several scans', async () => {
    const lines = ['a', 'b', 'c', 'a'].map((run_id, port) => ({ ...v1Port, run_id, port }));
    const { jobs } = await importFrom({ path: file('a.jsonl', lines) });
    const ports = Object.fromEntries(jobs.map((job) => [job.scan_id, job.counts['ports']]));
    expect(ports).toEqual({ a: 2, b: 1, c: 1 });
  });

  test('a file that breaks off is partial, and the whole file completes it', async () => {
    const path = file('a.jsonl', wholeScan().slice(0, 4), '\n{"type":"scan.po');
    const cut = await importFrom({ path });
    expect(cut).toMatchObject({ isTruncated: true, badLines: 1 });
    expect(cut.jobs).toMatchObject([{ status: 'completed', is_partial: true }]);
    const whole = await importFrom({ path: file('b.jsonl', wholeScan()) });
    expect(whole.jobs).toMatchObject([{ status: 'completed', is_partial: false }]);
  });

  test('the beginning of a file does not complete a scan that was read further', async () => {
    const line = (ip: string, t: number): object => ({ ip, port: 80, timestamp: `${t}` });
    const [first, second] = [line('192.0.2.1', 1_700_000_000), line('192.0.2.2', 1_700_000_009)];
    const broken = await importFrom({
      path: file('a.jsonl', [first, { ip: 1, port: 80 }, second]),
    });
    expect(broken.jobs).toMatchObject([{ is_partial: true, completed_at: 1_700_000_009_000 }]);
    const shorter = await importFrom({ path: file('b.jsonl', [first]) });
    expect(shorter.jobs).toMatchObject([
      { id: broken.jobs[0]!.id, is_partial: true, completed_at: 1_700_000_009_000 },
    ]);
    const whole = await importFrom({ path: file('c.jsonl', [first, second]) });
    expect(whole.jobs).toMatchObject([{ is_partial: false, completed_at: 1_700_000_009_000 }]);
  });

  test('gzip is recognised, broken off or not; stdin too', async () => {
    const text = wholeScan()
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    const packed = gzipSync(text);
    const stream = Readable.from([packed.subarray(0, 100), packed.subarray(100)]);
    await importFrom({ stream, name: 'stdin' });
    expect(await rows('SELECT count(*) AS n FROM port_scans')).toEqual([{ n: 4 }]);
    const path = join(folder, 'cut.gz');
    const other = gzipSync(text.replaceAll(runId, 'other'));
    writeFileSync(path, other.subarray(0, other.length - 60));
    const cut = await importFrom({ path });
    expect(cut.jobs).toMatchObject([{ scan_id: 'other', is_partial: true, host_count: 2 }]);
    // Only the end of the packed file is missing, no part of a line: still not the whole file.
    const v1 = gzipSync(`${JSON.stringify({ ...v1Port, run_id: 'v1' })}\n`);
    writeFileSync(path, v1.subarray(0, v1.length - 4));
    expect((await importFrom({ path })).jobs).toMatchObject([{ scan_id: 'v1', is_partial: true }]);
  });

  test('an unreadable file is not a completed scan', async () => {
    const bad = { ...v1Port, t_first: 'yesterday', t_last: -1 };
    const path = join(folder, 'bad-times.jsonl');
    const lines = (...values: object[]): string =>
      values.map((value) => `${JSON.stringify(value)}\n`).join('');
    writeFileSync(path, lines(bad));
    await expect(recordImport(store, readImport({ path }))).rejects.toThrow(/t_first/);
    const { run_id } = bad;
    const start = { args: [], scan_type: 'network', config: {}, coverage: {}, tool_version: '1' };
    const finish = { status: 'completed', host_count: 1, error_count: 0, counts: {} };
    writeFileSync(
      path,
      lines(
        { type: 'run.start', run_id, t: 1000, ...start },
        bad,
        { ...bad, port: 80 },
        { type: 'run.finish', run_id, t: 2000, ...finish },
      ),
    );
    const { jobs, badLines } = await recordImport(store, readImport({ path }));
    expect(badLines).toBe(2);
    expect(jobs).toMatchObject([{ is_partial: true, error_count: 2 }]);
  });

  test('a bad line in every thousand is an error row each, and costs no other line', async () => {
    const path = largeFile(100_000, 1000);
    let told = 0;
    const result = await recordImport(store, readImport({ path }), {
      onProgress: (progress) => {
        expect(progress.lines).toBeGreaterThanOrEqual(told);
        told = progress.lines;
      },
    });
    expect(told).toBe(100_000);
    expect(result).toMatchObject({ lines: 100_000, badLines: 100, ports: 99_900 });
    expect(result.jobs[0]).toMatchObject({ host_count: 98, error_count: 100 });
  });

  test('an import that is interrupted leaves a cancelled scan, and again completes it', async () => {
    const path = largeFile(100_000, 1e9);
    const abort = new AbortController();
    const started = recordImport(store, readImport({ path }, { signal: abort.signal }), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    });
    await expect(started).rejects.toThrow();
    const job = await findJob(store.database, 'last');
    expect(job.status).toBe('cancelled');
    expect(job.counts['ports']).toBe(40_000);
    const { jobs } = await importFrom({ path });
    expect(jobs).toMatchObject([{ status: 'completed', is_partial: false, ports_open: 100_000 }]);
  });

  test('a file in no known format changes nothing and lists what is read', async () => {
    const path = join(folder, 'a.xml');
    writeFileSync(path, '<?xml version="1.0"?><html>');
    await expect(importFrom({ path })).rejects.toThrow(/known formats: Portolan JSON Lines/);
    await expect(importFrom({ path: join(folder, 'none') })).rejects.toThrow(
      /cannot be read.*ENOENT/,
    );
    await expect(importFrom({ path: folder })).rejects.toThrow(/is a folder/);
    expect(await rows('SELECT * FROM scan_jobs')).toEqual([]);
  });
});

describe.runIf(hasShell)('the V1 data set in a SQLite store', () => {
  beforeEach(() => open(storeKinds[0]!));
  afterEach(close);

  test('the sqlite3 shell sees the V1 data set', async () => {
    await importFrom({ path: file('a.jsonl', wholeScan()) });
    expect(shell("SELECT COUNT(*) AS n FROM r.ports WHERE state='open'")).toEqual([{ n: 4 }]);
    expect(shell('SELECT * FROM r.runs')).toEqual([
      {
        run_id: runId,
        started_at: 1000,
        finished_at: 1010,
        tool_version: '1.2.3',
        args_json: '["scan","192.0.2.8/30"]',
        git_sha: 'abc',
        host_count: 2,
        error_count: 2,
      },
    ]);
    expect(shell('SELECT * FROM r.ports WHERE port = 443 AND confidence IS NOT NULL')).toEqual([
      {
        port_id: `${runId}/192.0.2.10/tcp/443`,
        host_id: `${runId}/192.0.2.10`,
        transport: 'tcp',
        port: 443,
        state: 'open',
        reason: 'syn-ack',
        service_name: 'https',
        confidence: 0.9,
        first_seen_ms: 1002,
        last_seen_ms: 1003,
      },
    ]);
    const pages = shell(
      `SELECT h.address, p.port, e.* FROM r.run_hosts h JOIN r.ports p USING (host_id)
     JOIN r.http_endpoints e USING (port_id)`,
    ) as Record<string, unknown>[];
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({
      address: '192.0.2.10',
      favicon_hash: 'mmh3:0xff1a2b3c',
      tech_tags_json: '["nginx","react"]',
      tls_ja3: 'a',
      http_id: `${runId}/192.0.2.10/tcp/443/https://app.example.com/`,
    });
    expect(JSON.parse(pages[0]?.['tls_chain_json'] as string)).toEqual(Object.values(selfSigned()));
    expect(
      shell('SELECT banner, collected_ms FROM r.banners JOIN r.ports USING (port_id)'),
    ).toEqual([{ banner: 'SSH-2.0-x\r\n', collected_ms: 1004 }]);
    expect(shell('SELECT run_id, scope, code, message, at_ms FROM r.errors LIMIT 1')).toHaveLength(
      1,
    );
  });
});
