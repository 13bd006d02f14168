import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPortolan } from './process.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-resume-'));
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
function rowsOf(db: string): { ports: unknown[]; hosts: unknown[]; units: unknown[] } {
  using database = new DatabaseSync(db, { readOnly: true });
  const all = (query: string): unknown[] => database.prepare(query).all();
  return {
    ports: all(`SELECT h.address, p.transport, p.port, p.state, p.reason FROM port_scans p
      JOIN hosts h ON h.id = p.host_id ORDER BY h.address_key, p.transport, p.port`),
    hosts: all(`SELECT h.address, s.state, s.not_shown FROM host_scans s
      JOIN hosts h ON h.id = s.host_id ORDER BY h.address_key`),
    units: all('SELECT unit, first, last, status FROM scan_units ORDER BY unit'),
  };
}

describe('a scan that is killed', () => {
  test('goes on after kill -9 at ten random moments, and ends as an undisturbed one', async () => {
    const undisturbed = join(folder, 'undisturbed.db');
    const started = Date.now();
    expect((await startPortolan(scanArgs(undisturbed)).ended).status).toBe(0);
    const tookMs = Date.now() - started;
    const expected = rowsOf(undisturbed);
    expect(expected.ports).toHaveLength(96 * openPorts.length);

    for (let round = 0; round < 10; round++) {
      const db = join(folder, `killed-${round}.db`);
      const scan = startPortolan(scanArgs(db));
      await sleep(Math.random() * tookMs);
      scan.child.kill('SIGKILL');
      const { signal } = await scan.ended;
      const isRecorded = signal === null || hasJob(db);
      // Killed before it was even written down, it is simply made again.
      const again = isRecorded && signal !== null ? ['resume', 'last', '--db', db] : scanArgs(db);
      if (signal !== null) expect((await startPortolan(again).ended).status).toBe(0);
      const rows = rowsOf(db);
      expect(rows).toEqual(expected);
    }
  });

  test('ends as cancelled on Ctrl-C, keeps what it found, and can go on', async () => {
    const db = join(folder, 'cancelled.db');
    const scan = startPortolan([...scanArgs(db), '--rate', '20000']);
    await sleep(2500);
    scan.child.kill('SIGINT');
    const { status, stderr } = await scan.ended;
    expect(status).toBe(130);
    expect(stderr).toContain('portolan resume');
    const partial = rowsOf(db);
    expect(partial.ports.length).toBeGreaterThan(0);
    expect(partial.ports.length).toBeLessThan(96 * openPorts.length);
    expect((await startPortolan(['resume', 'last', '--db', db]).ended).status).toBe(0);
    expect(rowsOf(db).ports).toHaveLength(96 * openPorts.length);
  });

  test('two scans into one file at once both complete', async () => {
    const db = join(folder, 'two.db');
    const scans = [startPortolan(scanArgs(db)), startPortolan(scanArgs(db))];
    const outcomes = await Promise.all(scans.map(({ ended }) => ended));
    expect(outcomes.map(({ status, stderr }) => [status, stderr.includes('unexpected')])).toEqual([
      [0, false],
      [0, false],
    ]);
    using database = new DatabaseSync(db, { readOnly: true });
    const counts = database
      .prepare('SELECT job_id, count(*) AS rows FROM port_scans GROUP BY job_id ORDER BY job_id')
      .all();
    expect(counts).toEqual([1, 2].map((job_id) => ({ job_id, rows: 96 * openPorts.length })));
  });
});

function hasJob(db: string): boolean {
  try {
    using database = new DatabaseSync(db, { readOnly: true });
    return database.prepare('SELECT 1 FROM scan_jobs').get() !== undefined;
  } catch {
    return false;
  }
}
