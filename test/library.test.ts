import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  events,
  exportScans,
  exportTables,
  follow,
  getScan,
  importFile,
  list,
  openStore,
  query,
  scan,
  type ScanRequest,
} from '../src/index.ts';
import { jsonLines, wholeScan } from './store/filled.ts';
import { storeKinds, type TestStore } from './store/stores.ts';

const runId = '01900000-0000-7000-8000-000000000001';
const folder = mkdtempSync(join(tmpdir(), 'portolan-library-'));
const file = join(folder, 'scan.jsonl');
writeFileSync(file, jsonLines(wholeScan(runId, Date.parse('2026-01-31'))));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(storeKinds)('the library on $name', ({ newStore }) => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await newStore();
  });
  afterAll(() => opened[Symbol.asyncDispose]());

  test('imports a file, lists and queries what it holds, and exports it again', async () => {
    await using store = await openStore(opened.db);
    const { scans, badLines } = await importFile(store, file);
    expect([scans[0]?.id, badLines]).toEqual([runId, 0]);
    const filter = { targets: '192.0.2.0/24', state: 'open', scan: 'last' };
    const [port] = await Array.fromAsync(list(store, 'ports', filter));
    expect(port?.address).toBe('192.0.2.10');
    expect(typeof port?.first_seen).toBe('string');
    const count = 'SELECT count(*)::INTEGER AS n FROM ports WHERE port = ' + port?.port;
    expect(await Array.fromAsync(query(store, count))).toEqual([{ n: 1 }]);
    const text = (await Array.fromAsync(exportScans(store, { scans: ['last'] }))).join('');
    expect(text).toContain(`"type":"run.start","run_id":"${runId}"`);
    const types = (await Array.fromAsync(events(store))).map(({ type }) => type);
    expect(text.trim().split('\n').length).toBe(types.length);
    const tables = join(folder, `tables-${opened.db.length}`);
    expect(await exportTables(store, { folder: tables })).toMatchObject({ runs: 1 });
    expect(readdirSync(tables)).toContain('ports.parquet');
  });

  test('names the filters that a list has where it is given another', async () => {
    const rows = list(opened.store, 'hosts', { colour: 'red' });
    await expect(rows.next()).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('"colour" is not a filter of this list; it has: targets,'),
    });
  });

  test('a program that leaves the loop ends its scan, which keeps what it found', async () => {
    const request = { targets: ['127.0.0.1-64'], ports: '1-2000', probe: false };
    let id = '';
    for await (const event of scan(opened.store, { ...request, parallelism: 8 })) {
      id = event.run_id;
      break;
    }
    expect(await getScan(opened.store, id)).toMatchObject({ status: 'cancelled' });
  });

  test('a signal ends a scan, as its last event shows', async () => {
    const request = { targets: ['127.0.0.1-64'], ports: '1-2000', probe: false };
    const stop = new AbortController();
    const running = scan(opened.store, request, { signal: stop.signal });
    const first = await running.next();
    stop.abort();
    const rest = await Array.fromAsync(running);
    expect([first.value, rest.at(-1)]).toMatchObject([
      { type: 'run.start' },
      { type: 'run.finish', status: 'cancelled' },
    ]);
  });

  test('follows scans that others run', async () => {
    const seen: string[] = [];
    const following = (async () => {
      for await (const { type, status } of follow(opened.store)) {
        seen.push(type);
        if (status === 'completed') break;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await using other = await openStore(opened.db);
    const request = { targets: ['127.0.0.1'], ports: '1', probe: false };
    const types = (await Array.fromAsync(scan(other, request))).map(({ type }) => type);
    await following;
    expect(types.at(-1)).toBe('run.finish');
    expect(seen).toContain('created');
  });

  test.each([
    [{ targets: ['127.0.0.1'], portz: '1' }, '"portz" is not a setting; there are ports,'],
    [{ targets: '127.0.0.1' }, '"targets" must be a list of texts, not "127.0.0.1"'],
    [{ targets: ['127.0.0.1'], retries: -1 }, '"retries" must be'],
  ])('refuses the request %j instead of scanning something else', async (request, message) => {
    const refused = scan(opened.store, request as ScanRequest);
    await expect(refused.next()).rejects.toMatchObject({
      name: 'AppError',
      message: expect.stringContaining(message),
    });
  });

  test('refuses a filter that is not text', async () => {
    const filter = { port: 2024 } as unknown as Readonly<Record<string, string>>;
    await expect(list(opened.store, 'ports', filter).next()).rejects.toMatchObject({
      code: 'USAGE',
      message: 'the filter "port" must be a string',
    });
  });

  test('refuses a large range that is not confirmed, and creates no scan for it', async () => {
    const before = (await Array.fromAsync(list(opened.store, 'scans'))).length;
    const refused = scan(opened.store, { targets: ['10.0.0.0/8'], ports: '80' });
    await expect(refused.next()).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED' });
    expect((await Array.fromAsync(list(opened.store, 'scans'))).length).toBe(before);
  });
});

test('a store that is not there is created only where that is asked for', async () => {
  const path = join(folder, 'none.db');
  await expect(openStore(path, { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await (await openStore(path)).close();
  await (await openStore(path, { create: false })).close();
});
