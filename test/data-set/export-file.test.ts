import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareDataSet } from '../../src/analytics/data-set/compare-data-set.ts';
import { openDuckDb } from '../../src/analytics/data-set/duckdb.ts';
import { writeEventFile } from '../../src/analytics/data-set/write-event-file.ts';
import { readImport } from '../../src/import/read-import.ts';
import { recordImport } from '../../src/record/import-recorder.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { portolan } from '../cli.ts';
import { finish, firstRun, port, sampleEvents, secondRun } from './sample-store.ts';

type Event = Readonly<Record<string, unknown>>;

let folder: string;
let file: string;
let out: string;
let count = 0;
let stores = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-export-file-'));
});

beforeEach(() => {
  file = join(folder, `file-${++count}.jsonl`);
  out = join(folder, `out-${count}/`);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** As Portolan writes it: the type and the scan come first. */
function toLine({ type, run_id, ...others }: Event): string {
  return `${JSON.stringify({ type, run_id, ...others })}\n`;
}

/** Compares the folder with a store that the file was imported into. */
async function expectEqual(path = file): Promise<void> {
  const store = await openSqliteStore(join(folder, `store-${++stores}.db`), { create: true });
  try {
    await recordImport(store, readImport({ path }));
    const compared = await compareDataSet(store, { folder: out });
    for (const [table, { isEqual, ...rows }] of Object.entries(compared)) {
      expect({ table, ...rows, isEqual }).toEqual({ table, ...rows, isEqual: true });
    }
  } finally {
    await store.close();
  }
}

const t = 1_725_900_000_000;
const base = { run_id: secondRun, addr: '192.0.2.10', transport: 'tcp' };
const about = { tool_version: '1', args: [], scan_type: 'network', config: {}, coverage: {} };
const start = { type: 'run.start', run_id: secondRun, t, ...about };
const service = { name: 'http', product: 'nginx', confidence: 0.7, method: 'http' };

test('a file of JSON Lines becomes the tables that importing and exporting it gives', async () => {
  writeFileSync(file, sampleEvents().map(toLine).join(''));
  const words = ['export', '--from', file, '--format', 'parquet', '-o', out];
  const { status, stderr } = await portolan(words);
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringContaining('2 runs, 3 hosts, 7 ports, 1 banners, 2 http_endpoints'),
  });
  await expectEqual();
});

test('what the lines of ports tell of hosts and scans is counted, whatever the scan is called', async () => {
  const runs = ['scan "a" of \'b\'', firstRun.toUpperCase(), 'three'];
  const events = runs.flatMap((run_id, run) => [
    { ...start, run_id, t: t + run },
    { type: 'scan.host', run_id, addr: '192.0.2.99', state: 'up', reason: 'syn-ack', t },
    ...Array.from({ length: 500 }, (_, i) =>
      port(
        { ...base, run_id, addr: i % 3 === 0 ? '2001:db8::1' : `192.0.2.${i % 7}` },
        i,
        i % 4 === 0 ? service : undefined,
        t + i,
      ),
    ),
    finish(run_id, t + 9000),
  ]);
  writeFileSync(file, events.map(toLine).join(''));
  // The short way takes it: no line needs an importer.
  expect(await writeEventFile({ file, folder: out })).toMatchObject({ runs: 3, ports: 1500 });
  await expectEqual();
});

const unusual: Readonly<Record<string, (lines: string[]) => string[]>> = {
  'two lines of one port': (lines) => [...lines.slice(0, -1), lines[1]!, lines.at(-1)!],
  'a line that is not JSON': (lines) => [lines[0]!, '{"type":"scan.port","run_id":"\n', ...lines],
  'text between the lines': (lines) => [lines[0]!, 'hello\n', ...lines.slice(1)],
  'a port in another order of fields': (lines) => [
    lines[0]!,
    ...lines
      .slice(1, -1)
      .map((line) => line.replace(/^\{("type":"scan.port"),(.*)\}/, '{$2,"port":77,$1}')),
    lines.at(-1)!,
  ],
  'an unusual spelling of an address': (lines) =>
    lines.map((line) => line.replace('192.0.2.10', '2001:DB8:0::1')),
  'an address that is none': (lines) =>
    lines.map((line) => line.replace('192.0.2.10', '192.0.2.256')),
  'a word that is no state': (lines) => lines.map((line) => line.replace('"open"', '"ajar"')),
  'a service that is a text': (lines) =>
    lines.map((line) => line.replace(/"service":\{[^}]*\}/, '"service":"http"')),
  'no end of the scan': (lines) => lines.slice(0, -1),
  'no beginning of the scan': (lines) => lines.slice(1),
  'a port of a scan without a beginning': (lines) => [
    ...lines,
    toLine(port({ ...base, run_id: firstRun }, 1, undefined, t)),
  ],
  'an end in the middle of a line': (lines) => [...lines.slice(0, -2), lines.at(-2)!.slice(0, 99)],
};

describe.for(Object.entries(unusual))('with %s', ([, change]) => {
  test('a file goes the long way, to the same tables', async () => {
    const ports = [1, 2, 3].map((number) => port(base, number, service, t));
    const lines = [start, ...ports, finish(secondRun, t + 9000)].map(toLine);
    writeFileSync(file, change(lines).join(''));
    expect(await writeEventFile({ file, folder: out })).toBeUndefined();
    expect(existsSync(out)).toBe(false);
    await portolan(['export', '--from', file, '--format', 'parquet', '-o', out]);
    await expectEqual();
  });
});

test('other formats and compressed files go the long way', async () => {
  writeFileSync(`${file}.gz`, gzipSync(sampleEvents().map(toLine).join('')));
  await portolan(['export', '--from', `${file}.gz`, '--format', 'parquet', '-o', out]);
  await expectEqual(`${file}.gz`);
  out = join(folder, 'pattern/');
  writeFileSync(join(folder, 'file-*.jsonl'), sampleEvents().map(toLine).join(''));
  const pattern = join(folder, 'file-*.jsonl');
  await portolan(['export', '--from', pattern, '--format', 'parquet', '-o', out]);
  await expectEqual(pattern);
  const list = join(folder, 'list.txt');
  writeFileSync(list, '#masscan\nopen tcp 443 192.0.2.1 1700000000\n# end\n');
  await portolan(['export', '--from', list, '--format', 'csv', '-o', out]);
  expect(readFileSync(join(out, 'ports.csv'), 'utf8')).toMatch(/192\.0\.2\.1\/tcp\/443.*,open,/);
});

test('a folder of months is written of a file too', async () => {
  writeFileSync(file, sampleEvents().map(toLine).join(''));
  await portolan(['export', '--from', file, '--format', 'parquet', '--partition', '-o', out]);
  await using duck = await openDuckDb({ tempFolder: folder, memoryMegabytes: 200 });
  const months = await duck.rows(
    `SELECT month, count(*) AS n FROM '${out}ports/*/*.parquet' GROUP BY month ORDER BY month`,
  );
  expect(months).toEqual([
    { month: '2024-09', n: 6 },
    { month: '2024-10', n: 1 },
  ]);
});

test('standard input is a file too', async () => {
  writeFileSync(file, sampleEvents().map(toLine).join(''));
  const words = ['export', '--from', '-', '--format', 'parquet', '-o', out];
  const outcome = await portolan(words, { stdin: readFileSync(file, 'utf8') });
  expect(outcome).toMatchObject({ status: 0, stderr: expect.stringContaining('7 ports') });
  await expectEqual();
});

test('what cannot be read is said, as by an import', async () => {
  const lines = [start, port(base, 1, service, t), finish(secondRun, t + 9000)].map(toLine);
  const words = ['export', '--from', file, '--format', 'parquet', '-o', out];
  writeFileSync(file, lines.join('').slice(0, -20));
  const cut = await portolan(words);
  expect([cut.status, cut.stderr]).toEqual([65, expect.stringContaining('in the middle')]);
  writeFileSync(file, ['hello\n', ...lines].join(''));
  const bad = await portolan(words);
  expect([bad.status, bad.stderr]).toEqual([65, expect.stringContaining('1 bad line')]);
});

test('a file without ports has none', async () => {
  writeFileSync(file, [start, finish(secondRun, t)].map(toLine).join(''));
  expect(await writeEventFile({ file, folder: out })).toMatchObject({ runs: 1, ports: 0 });
  await expectEqual();
});

test('a program without DuckDB reads the same rows', async () => {
  const ports = Array.from({ length: 5000 }, (_, i) =>
    port(base, i + 1, i % 3 === 0 ? { ...service, name: `name-${i}` } : undefined, t + i * i),
  );
  writeFileSync(file, [start, ...ports, finish(secondRun, t)].map(toLine).join(''));
  expect(await writeEventFile({ file, folder: out })).toMatchObject({ ports: 5000 });
  const theirs = await parquetReadObjects({
    file: await asyncBufferFromFile(join(out, 'ports.parquet')),
    compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
  });
  await using duck = await openDuckDb({ tempFolder: folder, memoryMegabytes: 200 });
  const ours = await duck.rows(`SELECT * FROM '${join(out, 'ports.parquet')}'`);
  expect(theirs.map(plainNumbers)).toEqual(ours);
});

function plainNumbers(row: Event): Event {
  const values = Object.entries(row).map(([column, value]) => [
    column,
    typeof value === 'bigint' ? Number(value) : value,
  ]);
  return Object.fromEntries(values) as Event;
}

test('what cannot be is refused, and nothing is left', async () => {
  writeFileSync(file, 'nothing of a scan\n');
  const wrong = await portolan(['export', '--from', file, '--format', 'parquet', '-o', out]);
  expect(wrong).toMatchObject({
    status: 65,
    stderr: expect.stringContaining('not in a known format'),
  });
  const missing = join(folder, 'missing.jsonl');
  const none = await portolan(['export', '--from', missing, '--format', 'parquet', '-o', out]);
  expect(none).toMatchObject({ status: 66, stderr: expect.stringContaining(missing) });
  expect(existsSync(out)).toBe(false);
  const terminal = await portolan(['export', '--from', file]);
  expect(terminal).toMatchObject({ status: 2, stderr: expect.stringContaining('a folder') });
  const scans = await portolan(['export', 'last', '--from', file, '-o', out]);
  expect(scans).toMatchObject({ status: 2, stderr: expect.stringContaining('neither scans') });
});
