import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPortolan } from './process.ts';
import { type StoreKind, storeKinds, type TestStore } from './store/stores.ts';

const servers: Server[] = [];
const openPorts: number[] = [];

/** 96 addresses of loopback, a thousand ports of which some listen: 6 units, 96,000 connects. */
const targets = ['127.9.0.1-96'];
let ports = '';

beforeAll(async () => {
  for (let i = 0; i < 5; i++) {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('220 hello\r\n'),
    );
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    servers.push(server);
    openPorts.push((server.address() as { port: number }).port);
  }
  ports = `${openPorts.join(',')},1000-1999`;
});

afterAll(() => {
  for (const server of servers) server.close();
});

function scanArgs(db: string): string[] {
  return ['scan', ...targets, '-p', ports, '--no-probe', '--db', db, '--seed', 'resume', '--json'];
}

/** Everything that a scan recorded of ports and hosts, without times. */
async function rowsOf(
  { rows }: TestStore,
  { addressOrder }: StoreKind,
): Promise<{ ports: unknown[]; hosts: unknown[]; units: unknown[] }> {
  return {
    ports: await rows(`SELECT h.address, p.transport, p.port, p.state, p.reason FROM port_scans p
      JOIN hosts h ON h.id = p.host_id ORDER BY h.${addressOrder}, p.transport, p.port`),
    hosts: await rows(`SELECT h.address, s.state, s.not_shown FROM host_scans s
      JOIN hosts h ON h.id = s.host_id ORDER BY h.${addressOrder}`),
    units: await rows('SELECT unit, first, last, status FROM scan_units ORDER BY unit'),
  };
}

describe.each(storeKinds)('a scan that is killed, on $name', (kind) => {
  test('resumes after kill -9 at ten random moments, and ends like an undisturbed one', async () => {
    await using undisturbed = await kind.newStore();
    const started = Date.now();
    expect((await startPortolan(scanArgs(undisturbed.db)).ended).status).toBe(0);
    const tookMs = Date.now() - started;
    const expected = await rowsOf(undisturbed, kind);
    expect(expected.ports).toHaveLength(96 * openPorts.length);

    for (let round = 0; round < (kind.kind === 'sqlite' ? 10 : 4); round++) {
      await using opened = await kind.newStore();
      const { db } = opened;
      const scan = startPortolan(scanArgs(db));
      await sleep(Math.random() * tookMs);
      scan.child.kill('SIGKILL');
      await scan.ended;
      const status = await statusOf(opened);
      // Killed before it was even written down, it is simply made again.
      const again = status === undefined ? scanArgs(db) : ['resume', 'last', '--db', db];
      if (status !== 'completed') {
        const outcome = await startPortolan(again).ended;
        expect([outcome.status, outcome.stderr]).toEqual([0, expect.anything()]);
      }
      expect(await rowsOf(opened, kind)).toEqual(expected);
    }
  });

  test('ends as cancelled on Ctrl-C, keeps its results, and can be resumed', async () => {
    await using opened = await kind.newStore();
    const { db } = opened;
    const scan = startPortolan([...scanArgs(db), '--rate', '20000']);
    await sleep(2500);
    scan.child.kill('SIGINT');
    const { status, stderr } = await scan.ended;
    expect(status).toBe(130);
    expect(stderr).toContain('portolan resume');
    const partial = await rowsOf(opened, kind);
    expect(partial.ports.length).toBeGreaterThan(0);
    expect(partial.ports.length).toBeLessThan(96 * openPorts.length);
    expect((await startPortolan(['resume', 'last', '--db', db]).ended).status).toBe(0);
    expect((await rowsOf(opened, kind)).ports).toHaveLength(96 * openPorts.length);
  });

  test('two scans into one store at once both complete', async () => {
    await using opened = await kind.newStore();
    const scans = [startPortolan(scanArgs(opened.db)), startPortolan(scanArgs(opened.db))];
    const outcomes = await Promise.all(scans.map(({ ended }) => ended));
    expect(outcomes.map(({ status, stderr }) => [status, stderr.includes('unexpected')])).toEqual([
      [0, false],
      [0, false],
    ]);
    const counts = await opened.rows('SELECT count(*) AS n FROM port_scans GROUP BY job_id');
    expect(counts).toEqual([{ n: 96 * openPorts.length }, { n: 96 * openPorts.length }]);
  });
});

async function statusOf({ rows }: TestStore): Promise<unknown> {
  return (await rows('SELECT status FROM scan_jobs'))[0]?.['status'];
}

describe.each(storeKinds)('a scan that is paused, on $name', (kind) => {
  test('counts each host once, however often, and says how to resume', async () => {
    await using opened = await kind.newStore();
    const slowly = [...scanArgs(opened.db), '--rate', '8000'];
    let running = startPortolan(slowly);
    for (let round = 0; round < 3; round++) {
      const before = Date.now();
      for (let up = 0; up === 0 || Date.now() - before < 1500; await sleep(100)) {
        const rows = await opened.rows('SELECT hosts_up, status FROM scan_jobs').catch(() => []);
        if (rows[0]?.['status'] === 'running') up = Number(rows[0]['hosts_up']);
      }
      await startPortolan(['pause', 'last', '--db', opened.db]).ended;
      const { status, stderr } = await running.ended;
      expect([status, stderr]).toEqual([1, expect.stringContaining('Paused; results so far')]);
      expect(stderr).toMatch(/ in \d[\d.]* (ms|s)\. Scan /);
      const [job] = await opened.rows(`SELECT hosts_up, hosts_done, (SELECT count(*) FROM host_scans
        WHERE state = 'up') AS seen FROM scan_jobs`);
      expect([round, Number(job?.['hosts_up'])]).toEqual([round, Number(job?.['seen'])]);
      running = startPortolan(['resume', 'last', '--db', opened.db]);
    }
    expect((await running.ended).status).toBe(0);
    const [job] = await opened.rows('SELECT hosts_up, hosts_done, ports_open FROM scan_jobs');
    expect([job?.['hosts_up'], job?.['ports_open']].map(Number)).toEqual([96, 96 * 5]);
  });
});
