import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listCertificates } from '../../src/store/inventory/certificates.ts';
import { allRows, type Page, type PageRequest } from '../../src/store/keyset.ts';
import { listPorts } from '../../src/store/inventory/ports.ts';
import { listWeb } from '../../src/store/inventory/web.ts';
import { openDatabase, type SQLInputValue } from '../../src/database/driver.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { compileSql, type Sql } from '../../src/store/sql.ts';
import type { StoreDatabase } from '../../src/store/store.ts';
import { portolan } from '../cli.ts';
import { storeKinds, type TestStore } from './stores.ts';

const hour = 3_600_000;
const scans = ['019b0000-0000-7000-8000-000000000001', '01a00000-0000-7000-8000-000000000002'];
/** Of forty hosts these have pages, far apart. */
const withPages = new Set([2, 23, 24, 40]);

/**
 * Two scans of different months of forty hosts. The second asked only the ports of the last host
 * what they are, and found one of its two pages moved.
 */
function* events(): Generator<object> {
  for (const [index, run_id] of scans.entries()) {
    const t = Number.parseInt(run_id.replaceAll('-', '').slice(0, 12), 16);
    const args = {
      tool_version: 'test',
      args: [],
      scan_type: 'network',
      config: {},
      coverage: { targets: [], ports: '80' },
    };
    yield { type: 'run.start', run_id, t, ...args };
    for (let host = 1; host <= 40; host++) {
      const at = { run_id, addr: `192.0.2.${host}`, transport: 'tcp', port: 80 };
      const service = { name: 'http', product: 'nginx', vendor: 'F5' };
      yield {
        type: 'scan.port',
        ...at,
        state: 'open',
        reason: 'syn-ack',
        t_first: t,
        t_last: t,
        service,
      };
      if (!withPages.has(host) || (index === 1 && host !== 40)) continue;
      for (const path of index === 0 ? ['/', '/old'] : ['/']) {
        const page = { scheme: 'http', authority: `host-${host}`, path, status: 200, h2: 0 };
        yield { type: 'web.endpoint', ...at, ...page, title: `${host}${path} ${index}`, t };
      }
    }
    const counts = { host_count: 40, error_count: 0, counts: {} };
    yield { type: 'run.finish', run_id, t: t + hour, status: 'completed', ...counts };
  }
}

describe.each(storeKinds)('lists on $name', ({ newStore }) => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-pages-'));
  let opened: TestStore;

  beforeAll(async () => {
    opened = await newStore();
    const file = join(folder, 'events.jsonl');
    writeFileSync(file, [...events()].map((event) => `${JSON.stringify(event)}\n`).join(''));
    const { status, stderr } = await portolan(['import', file, '--db', opened.db]);
    expect([status, stderr]).toEqual([0, expect.anything()]);
  });

  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function inPagesOf<Row>(
    limit: number,
    list: (page: PageRequest) => Promise<Page<Row>>,
  ): Promise<Row[]> {
    return await Array.fromAsync(allRows(list, { limit }));
  }

  test('web pages are the newest of each, however few hosts have any and however small the page', async () => {
    const list = (page: PageRequest) => listWeb(opened.store.database, {}, page);
    const all = await inPagesOf(1000, list);
    expect(all.map(({ address, title }) => [address, title])).toEqual([
      ['192.0.2.2', '2/ 0'],
      ['192.0.2.2', '2/old 0'],
      ['192.0.2.23', '23/ 0'],
      ['192.0.2.23', '23/old 0'],
      ['192.0.2.24', '24/ 0'],
      ['192.0.2.24', '24/old 0'],
      ['192.0.2.40', '40/ 1'],
      ['192.0.2.40', '40/old 0'],
    ]);
    for (const limit of [1, 3, 7]) expect(await inPagesOf(limit, list)).toEqual(all);
  });

  test("a port keeps the title of the last scan that looked, and its own scan's details", async () => {
    const { database } = opened.store;
    const all = await inPagesOf(1000, (page) => listPorts(database, {}, page));
    const titles = all.map(({ title }, index) => [index + 1, title]).filter(([, title]) => title);
    expect(titles).toEqual([
      [2, '2/ 0'],
      [23, '23/ 0'],
      [24, '24/ 0'],
      [40, '40/ 1'],
    ]);
    expect(new Set(all.map(({ product, vendor }) => `${product} ${vendor}`))).toEqual(
      new Set(['nginx F5']),
    );
    expect(await inPagesOf(7, (page) => listPorts(database, {}, page))).toEqual(all);
    const ofScan = await inPagesOf(7, (page) => listPorts(database, { scan: scans[1] }, page));
    expect(ofScan.filter(({ title }) => title)).toMatchObject([{ title: '40/ 1' }]);
    expect(ofScan).toHaveLength(40);
  });

  test('an empty list has no page', async () => {
    const { database } = opened.store;
    expect(await listCertificates(database)).toEqual({ rows: [], next: undefined });
    expect(await listWeb(database, { since: Date.now() + hour })).toEqual({
      rows: [],
      next: undefined,
    });
  });
});

test('what is shown beside ports and pages is looked up by its key, however many there are', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'portolan-plans-')), 'store.db');
  await using store = await openSqliteStore(path, { create: true });
  const asked: Sql[] = [];
  const database: StoreDatabase = {
    ...store.database,
    async query(query) {
      asked.push(query);
      return await store.database.query(query);
    },
  };
  const file = `${path}.jsonl`;
  writeFileSync(file, [...events()].map((event) => `${JSON.stringify(event)}\n`).join(''));
  await portolan(['import', file, '--db', path]);
  expect((await listPorts(database, {}, { limit: 20 })).rows).toHaveLength(20);
  expect((await listWeb(database, {}, { limit: 20 })).rows).toHaveLength(8);
  const reader = openDatabase(path, { readOnly: true });
  const plans = asked.flatMap((query) => {
    const { text, values } = compileSql(query, () => '?');
    const steps = reader.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...(values as SQLInputValue[]));
    return steps.map(({ detail }) => String(detail));
  });
  reader.close();
  const looks = plans.filter((step) => /^(SEARCH|SCAN) [swt] /.test(step));
  expect(looks.length).toBeGreaterThan(1);
  expect(looks.filter((step) => !/host_id=\?/.test(step))).toEqual([]);
});
