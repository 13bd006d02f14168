import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueChain } from '../src/demo/certificates.ts';
import { type Outcome, portolan } from './cli.ts';
import { storeKinds, type TestStore } from './store/stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-lists-'));
let opened: TestStore;
const [first, second] = [
  '01900000-0000-7000-8000-000000000001',
  '01900001-0000-7000-8000-000000000002',
];
const day = 86_400_000;
const start = Date.UTC(2026, 0, 10);
const pem = issueChain('www.example.com').certificate;

/** Two scans a day apart: the second finds SSH changed, the page moved and a new IPv6 host. */
function events(): object[] {
  const port = (run_id: string, addr: string, number: number, t: number, more: object): object => ({
    type: 'scan.port',
    run_id,
    addr,
    transport: 'tcp',
    port: number,
    state: 'open',
    reason: 'syn-ack',
    t_first: t,
    t_last: t,
    ...more,
  });
  const run = (run_id: string, t: number): object => ({
    type: 'run.start',
    run_id,
    t,
    tool_version: 'test',
    args: ['x'],
    scan_type: 'network',
    config: {},
    coverage: { targets: ['192.0.2.0/24'], ports: '1-1000' },
  });
  const page = (run_id: string, t: number, title: string): object => ({
    type: 'web.endpoint',
    run_id,
    addr: '192.0.2.10',
    transport: 'tcp',
    port: 443,
    scheme: 'https',
    authority: 'www.example.com',
    path: '/',
    status: 200,
    h2: 1,
    server_header: 'nginx',
    content_type: 'text/html',
    title,
    favicon_hash: -42,
    tech_tags: ['nginx'],
    t,
    tls: { version: 'TLSv1.3', ja3: 'a', ja3s: 'b', chain: [pem] },
  });
  const finish = (run_id: string, t: number): object => ({
    type: 'run.finish',
    run_id,
    t,
    status: 'completed',
    host_count: 2,
    error_count: 0,
    counts: {},
  });
  const later = start + day;
  return [
    run(first, start),
    {
      type: 'scan.host',
      run_id: first,
      addr: '192.0.2.10',
      state: 'up',
      reason: 'syn-ack',
      hostname: 'www.example.com',
      t: start,
      not_shown: [{ transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 997 }],
    },
    port(first, '192.0.2.10', 22, start, {
      service: { name: 'ssh', product: 'OpenSSH', version: '9.1', confidence: 1 },
    }),
    port(first, '192.0.2.10', 443, start, {
      service: { name: 'https', product: 'nginx', extra_info: 'Debian', cpe: 'cpe:/a:f5:nginx' },
    }),
    port(first, '192.0.2.9', 53, start, { service: { name: 'domain', method: 'port' } }),
    page(first, start, 'Old title'),
    {
      type: 'run.error',
      run_id: first,
      scope: 'port:192.0.2.9:tcp:53',
      code: 'ECONNRESET',
      message: 'x',
      t: start,
    },
    finish(first, start + 60_000),
    run(second, later),
    port(second, '192.0.2.10', 22, later, {
      service: { name: 'ssh', product: 'OpenSSH', version: '9.2', confidence: 1 },
    }),
    port(second, '192.0.2.10', 443, later, {}),
    page(second, later, 'New title'),
    port(second, '2001:db8::1', 22, later, {}),
    finish(second, later + 60_000),
  ];
}

function run(...words: string[]): Promise<Outcome> {
  return portolan([...words, '--db', opened.db]);
}

async function json<Row>(...words: string[]): Promise<Row[]> {
  return JSON.parse((await run(...words, '--json')).stdout) as Row[];
}

describe.each(storeKinds)('on $name', ({ addressOrder, newStore }) => {
  beforeAll(async () => {
    opened = await newStore();
    const file = join(folder, 'events.jsonl');
    writeFileSync(
      file,
      events()
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    );
    const { status, stderr } = await run('import', file);
    expect([status, stderr]).toEqual([0, expect.stringContaining('14 lines read')]);
  });

  afterAll(() => opened[Symbol.asyncDispose]());

  type Port = { address: string; port: number; version: string | null; first_seen: string };

  describe('ports', () => {
    test('are those known now, in the order of addresses, the newest observation winning', async () => {
      const rows = await json<Port>('ports');
      expect(rows.map(({ address, port }) => `${address} ${port}`)).toEqual([
        '192.0.2.9 53',
        '192.0.2.10 22',
        '192.0.2.10 443',
        '2001:db8::1 22',
      ]);
      expect(rows[1]).toMatchObject({ version: '9.2', first_seen: new Date(start).toISOString() });
    });

    test('are those of one scan with --scan, by id, prefix or "last"', async () => {
      const old = await json<Port>('ports', '--scan', first);
      expect(old.map(({ version }) => version)).toEqual([null, '9.1', null]);
      expect(await json('ports', '--scan', first.slice(0, 8))).toEqual(old);
      expect(await json<Port>('ports', '--scan', 'last')).toHaveLength(3);
    });

    test.each([
      [['192.0.2.0/28', '--port', '22,443'], 2],
      [['192.0.2.10-11'], 2],
      [['www.example.com'], 2],
      [['2001:db8::/64'], 1],
      [['--service', 'openssh'], 1],
      [['--service', 'SSH'], 1],
      [['--service', '%'], 0],
      [['--state', 'closed'], 0],
      [['--state', 'open', '--limit', '3'], 3],
      [['--since', '2026-01-11'], 3],
    ])('filtered by %j are %i', async (words, count) => {
      expect(await json('ports', ...words)).toHaveLength(count);
    });

    test('what is known of a service outlives a scan that did not ask', async () => {
      const about = { service: 'https', product: 'nginx', cpe: 'cpe:/a:f5:nginx' };
      expect(await json('ports', '-p', '443')).toMatchObject([{ ...about, extra_info: 'Debian' }]);
    });

    test('a guess from the port number has a question mark', async () => {
      expect((await run('ports', '192.0.2.9')).stdout).toContain('domain?');
    });
  });

  test('hosts show what is open, and one host its history, newest first', async () => {
    const hosts = await json<{ address: string; open_ports: number }>('hosts');
    expect(hosts.map(({ address, open_ports: open }) => [address, open])).toEqual([
      ['192.0.2.9', 1],
      ['192.0.2.10', 2],
      ['2001:db8::1', 1],
    ]);
    expect(await json('hosts', '--scan', first, '--state', 'up')).toHaveLength(2);
    const { stdout } = await run('host', 'www.example.com', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      address: '192.0.2.10',
      ports: [{ port: 22 }, { port: 443, last_seen: new Date(start + day).toISOString() }],
      web: [{ title: 'New title', seen: new Date(start + day).toISOString() }],
      history: [
        { scan: second, open_ports: [{ port: 22 }, { port: 443 }] },
        { scan: first, not_shown: [{ count: 997 }] },
      ],
    });
    expect((await run('host', '192.0.2.10')).stdout).toMatch(/997 closed/);
  });

  test('web shows each page as it was seen last, or as a scan saw it', async () => {
    expect(await json('web')).toMatchObject([
      {
        url: 'https://www.example.com/',
        title: 'New title',
        h2: true,
        favicon_hash: -42,
        ja3: 'a',
      },
    ]);
    expect(await json('web', '--scan', first)).toMatchObject([{ title: 'Old title' }]);
  });

  test('certs show a certificate once, with the place where it was seen', async () => {
    expect(await json('certs')).toMatchObject([
      { subject: 'CN=www.example.com', place: '192.0.2.10:443', seen_at: 1 },
    ]);
    expect(await json('certs', '--expiring', '0')).toEqual([]);
    expect(await json('certs', '--expiring', '9999')).toHaveLength(1);
    expect(await json('certs', '192.0.2.9')).toEqual([]);
  });

  test('errors, scans and show', async () => {
    expect(await json('errors', '--scan', first)).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(await json('errors', '--code', 'NONE')).toEqual([]);
    const scans = await json<{ id: string }>('scans');
    expect(scans.map(({ id }) => id)).toEqual([second, first]);
    expect((await run('show', first)).stdout).toMatch(/192\.0\.2\.0\/24[^]*ECONNRESET/);
    expect(JSON.parse((await run('show', 'last', '--json')).stdout)).toMatchObject({ id: second });
  });

  test.each([
    [['show', 'ffff0000'], 1, /no scan ffff0000/],
    [['show', '0190'], 1, /matches several scans/],
    [['host', '10.0.0.0/8'], 2, /is a network/],
    [['host', '192.0.2.99'], 1, /no scan has seen/],
    [['ports', '010.0.0.1'], 2, /not an IP address/],
    [['ports', '--port', '99999'], 2, /1 to 65535/],
    [['ports', '--since', 'yesterday'], 2, /12h, 7d/],
    [['ports', '--since', '2026-02-31'], 2, /12h, 7d/],
    [['resume', first], 1, /is complete: nothing is left/],
    [['import', '/nowhere.jsonl'], 66, /nowhere\.jsonl/],
  ])('%j ends with status %i and says why', async (words, status, message) => {
    const outcome = await run(...words);
    expect([outcome.status, outcome.stderr]).toEqual([status, expect.stringMatching(message)]);
  });

  test('lists of more rows than a page arrive whole and in order', async () => {
    await using many = await newStore();
    const lines = Array.from({ length: 25_000 }, (_, i) => {
      const addr = `10.0.${Math.floor(i / 250)}.${(i % 250) + 1}`;
      const t = start + i;
      return `{"type":"scan.port","run_id":"m","addr":"${addr}","transport":"tcp","port":80,"state":"open","t_first":${t},"t_last":${t}}\n`;
    });
    await portolan(['import', '-', '--db', many.db], { stdin: lines.join('') });
    const { stdout } = await portolan(['ports', '--jsonl', '--db', many.db]);
    const addresses = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Port).address);
    const expected = await many.rows(`SELECT address FROM hosts ORDER BY ${addressOrder}`);
    expect(addresses).toEqual(expected.map(({ address }) => address));
    const csv = join(folder, 'many.csv');
    await portolan(['ports', '--csv', '-o', csv, '--db', many.db]);
    expect(readFileSync(csv, 'utf8').trim().split('\n')).toHaveLength(25_001);
  });
});

test('a store that does not exist is named, with the way out', async () => {
  const { status, stderr } = await portolan(['ports', '--db', join(folder, 'none.db')]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/none\.db[^]*scan or an import/);
});
