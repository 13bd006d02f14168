import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultPool, openPool } from '../../src/store/postgres/connection.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { findJob } from '../../src/store/scans/find-scan.ts';
import type { Store } from '../../src/store/store.ts';
import { portolan } from '../cli.ts';
import { requirement } from '../environment.ts';
import { packagedPostgres, startPostgresServer } from '../postgres/server.ts';
import { type PortolanProcess, startPortolan } from '../process.ts';
import { type Row, storeKinds } from '../store/stores.ts';
import { openRelay, type Relay } from './relay.ts';

/**
 * Addresses of loopback, 1,024 ports each, three of them open: a unit is 16 addresses. The whole
 * show is 4,096 of them in 256 units, which takes some minutes.
 */
const addressCount = Number(process.env['PORTOLAN_TEST_ADDRESSES'] ?? 256);
const closedPorts = '20000-21020';
/** Connects a second: fast enough not to be waited for, slow enough to be disturbed. */
const rate = addressCount * 80;

const servers: Server[] = [];
const open: number[] = [];

beforeAll(async () => {
  for (let i = 0; i < 3; i++) {
    const server = createServer((socket) => socket.on('error', () => undefined));
    server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 });
    await once(server, 'listening');
    servers.push(server);
    open.push((server.address() as { port: number }).port);
  }
  open.sort((a, b) => a - b);
});

afterAll(() => {
  for (const server of servers) server.close();
});

function address(index: number): string {
  return `127.77.${index >> 8}.${index & 255}`;
}

async function queue(db: string): Promise<void> {
  const targets = `${address(0)}-${address(addressCount - 1)}`;
  const what = [
    'scan',
    targets,
    '-p',
    `${closedPorts},${open.join(',')}`,
    '--no-probe',
    '--no-dns',
  ];
  const how = ['--rate', String(rate), '--assume-up', '--detach', '--name', 'show', '--yes'];
  expect(await portolan([...what, ...how, '--db', db])).toMatchObject({ status: 0 });
}

/** What an undisturbed run finds: each row once. */
async function expectEveryRow(rows: (sql: string) => Promise<Row[]>, text: string): Promise<void> {
  const found = await rows(`SELECT ${text} AS address, p.port, p.state FROM port_scans p
    JOIN hosts h ON h.id = p.host_id ORDER BY h.id, p.port`);
  const key = ({ address: at, port, state }: Row): string =>
    `${String(at)}:${String(port)} ${String(state)}`;
  const wanted = Array.from({ length: addressCount }, (_, index) =>
    open.map((port) => `${address(index)}:${port} open`),
  ).flat();
  expect(found.map(key).toSorted()).toEqual(wanted.toSorted());
  expect(await rows('SELECT code, message FROM scan_errors')).toEqual([]);
  expect(
    await rows(`SELECT s.state, s.not_shown, count(*) AS n FROM host_scans s
      GROUP BY s.state, s.not_shown`),
  ).toEqual([
    {
      state: 'up',
      not_shown: [{ transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 1021 }],
      n: addressCount,
    },
  ]);
  expect(
    await rows(
      'SELECT status, count(*) AS n, sum(last - first + 1) AS hosts FROM scan_units GROUP BY 1',
    ),
  ).toEqual([{ status: 'completed', n: addressCount / 16, hosts: addressCount }]);
  expect(
    await rows('SELECT status, hosts_done, hosts_up, ports_open, attempts FROM scan_jobs'),
  ).toEqual([
    {
      status: 'completed',
      hosts_done: addressCount,
      hosts_up: addressCount,
      ports_open: 3 * addressCount,
      attempts: 1,
    },
  ]);
}

function startWorker(db: string): PortolanProcess {
  return startPortolan(['worker', '--db', db, '--lease', '3s', '--concurrency', '2']);
}

/** Kills workers in turn, each some time after the last, and starts others for them, to the end. */
async function killInTurn(workers: PortolanProcess[], db: string, store: Store): Promise<number> {
  for (let kills = 0; ; kills++) {
    await sleep(2000 + Math.random() * 2000);
    if ((await findJob(store.database, 'show')).status === 'completed') return kills;
    const at = kills % workers.length;
    workers[at]!.child.kill('SIGKILL');
    await workers[at]!.ended;
    workers[at] = startWorker(db);
  }
}

async function stop(workers: readonly PortolanProcess[]): Promise<string> {
  for (const { child } of workers) child.kill('SIGTERM');
  const outcomes = await Promise.all(workers.map(({ ended }) => ended));
  expect(outcomes.map(({ status }) => status)).toEqual(workers.map(() => 0));
  return outcomes.map(({ stderr }) => stderr).join('');
}

const installation = packagedPostgres();
const isThere = requirement('PostgreSQL 18', installation !== undefined, 'npm ci installs it');

describe.skipIf(!isThere)('workers on a PostgreSQL that goes away', () => {
  test('are killed, disconnected and come back, and every row exists once', async () => {
    await using server = await startPostgresServer(installation!, { synchronous_commit: 'on' });
    await using store = await openPostgresStore(server.url, { create: true });
    const url = new URL(server.url);
    await using relay = await openRelay(Number(url.port));
    const far = server.url.replace(`:${url.port}/`, `:${relay.port}/`);
    const cutOff = startWorker(far);
    const workers = [1, 2, 3].map(() => startWorker(server.url));
    await queue(server.url);
    const restart = async (): Promise<void> => {
      await sleep(4000);
      await server.restart('immediate');
    };
    const [kills] = await Promise.all([
      killInTurn(workers, server.url, store),
      restart()
        .then(() => cut(relay))
        .then(restart),
    ]);
    expect(kills).toBeGreaterThanOrEqual(3);
    const said = await stop([cutOff, ...workers]);
    expect(said).not.toContain('unexpected');
    const rows = openPool(server.url, { ...defaultPool, max: 1 });
    try {
      const ask = async (sql: string): Promise<Row[]> => (await rows.query<Row>(sql)).rows;
      await expectEveryRow(ask, 'host(h.address)');
    } finally {
      await rows.end();
    }
  });
});

/** For longer than a lease. */
async function cut(relay: Relay): Promise<void> {
  relay.cut();
  await sleep(5000);
  relay.mend();
}

describe('workers on a SQLite file', () => {
  test('are killed again and again, and every row is there once', async () => {
    await using opened = await storeKinds[0]!.newStore();
    const workers = [startWorker(opened.db), startWorker(opened.db)];
    await queue(opened.db);
    const kills = await killInTurn(workers, opened.db, opened.store);
    expect(kills).toBeGreaterThanOrEqual(2);
    await stop(workers);
    await expectEveryRow(opened.rows, 'h.address');
  });
});
