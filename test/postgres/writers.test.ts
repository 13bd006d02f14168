import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventBatch } from '../../src/core/event-batch.ts';
import type { RunUnit, ScanEvent } from '../../src/core/events.ts';
import { listAudit } from '../../src/store/setup/audit.ts';
import { removeJob } from '../../src/store/scans/end-scan.ts';
import { listJobs } from '../../src/store/scans/find-scan.ts';
import { createJob } from '../../src/store/scans/create-job.ts';
import type { Job } from '../../src/store/scans/jobs.ts';
import { startJob } from '../../src/store/scans/job-status.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import type { Store } from '../../src/store/store.ts';
import { currentWorker } from '../../src/store/scans/process-identity.ts';
import { dropDatabase, newDatabase, postgresServers, type Row } from '../store/stores.ts';
import { packagedPostgres, startPostgresServer } from './server.ts';
import { newLeased } from '../store/lease.ts';

/** Addresses 10.0.x.y, one port open on each. */
function seen(addresses: readonly number[], t: number): ScanEvent[] {
  return addresses.map((n) => ({
    type: 'scan.port',
    run_id: 'r',
    addr: `10.0.${n >> 8}.${n & 255}`,
    transport: 'tcp',
    port: 80,
    state: 'open',
    reason: 'syn-ack',
    t_first: t,
    t_last: t,
  }));
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function unit(number: number): RunUnit {
  const range = { first: number, last: number, t_start: 1, t_end: 2 };
  return { type: 'run.unit', run_id: 'r', unit: number, status: 'completed', counts: {}, ...range };
}

describe.each(postgresServers)('writers on $name', ({ url: server }) => {
  let db = '';
  let store: Store;
  let admin: pg.Client;

  beforeEach(async () => {
    db = await newDatabase(server);
    store = await openPostgresStore(db, { create: true });
    admin = new pg.Client({ connectionString: db });
    await admin.connect();
  });

  afterEach(async () => {
    await admin.end();
    await store.close();
    await dropDatabase(server, db);
  });

  async function running(from: Store = store): Promise<Job> {
    const job = await createJob(from.database, { scan_type: 'x' });
    return startJob(from.database, job.id, currentWorker());
  }

  async function count(table: string, condition = 'true'): Promise<number> {
    const { rows } = await admin.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${table} WHERE ${condition}`,
    );
    return rows[0]!.n;
  }

  async function allCounts(): Promise<number[]> {
    return Promise.all(['hosts', 'host_ports', 'host_scans', 'port_scans'].map((t) => count(t)));
  }

  test('a port of an unknown scan is rejected, and leaves no host behind', async () => {
    const unknown = '01900000-0000-7000-8000-000000000001';
    await expect(store.record(unknown, eventBatch(seen([1], 1)))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await allCounts()).toEqual([0, 0, 0, 0]);
  });

  test('a batch that fails in the middle leaves nothing of it', async () => {
    const job = await running();
    await admin.query(`ALTER TABLE banner_scans ADD CONSTRAINT no_tea CHECK (banner <> 'tea')`);
    const banner: ScanEvent = {
      type: 'scan.banner',
      run_id: 'r',
      addr: '10.0.0.1',
      transport: 'tcp',
      port: 80,
      protocol: 'http',
      banner: 'tea',
      t: 1,
    };
    const batch = eventBatch([...seen(numbers(50), 1), banner, unit(0)]);
    await expect(store.record(job.id, batch)).rejects.toThrow(/no_tea/);
    expect([...(await allCounts()), await count('scan_units')]).toEqual([0, 0, 0, 0, 0]);
  });

  test('a scan that is removed while its units are recorded leaves no orphan', async () => {
    for (let round = 0; round < 5; round++) {
      const job = await running();
      const writes = numbers(6).map((i) =>
        store.record(job.id, eventBatch([...seen(numbers(200), i), unit(i)])),
      );
      await sleep(round * 15);
      const outcomes = await Promise.allSettled([...writes, removeJob(store.database, job.id)]);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason).toMatchObject({ code: 'NOT_FOUND' });
        }
      }
      expect(await count('scan_jobs', `id = '${job.id}'`)).toBe(0);
    }
    for (const table of ['host_scans', 'port_scans', 'scan_units']) {
      expect([table, await count(table)]).toEqual([table, 0]);
    }
  });

  test('a host that another transaction inserts at the same moment is recorded on retry', async () => {
    // What PostgreSQL reports when both got past the check of ON CONFLICT, once.
    await admin.query(`
      CREATE SEQUENCE tries;
      GRANT USAGE ON SEQUENCE tries TO portolan_app;
      CREATE FUNCTION lose_race() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('tries') = 1 THEN
          RAISE unique_violation USING CONSTRAINT = 'hosts_address_key';
        END IF;
        RETURN NEW;
      END
      $$;
      CREATE TRIGGER lose_race BEFORE INSERT ON hosts FOR EACH ROW EXECUTE FUNCTION lose_race()`);
    const job = await running();
    const result = await store.record(job.id, eventBatch([...seen(numbers(3), 1), unit(0)]));
    expect(result.status).toBe('recorded');
    expect(await count('hosts')).toBe(3);
  });

  test('two scans that find the same new hosts at once create each once, and lose nothing', async () => {
    const jobs = [await running(), await running()];
    const there = numbers(500);
    await Promise.all(
      jobs.map(({ id }, i) =>
        store.record(id, eventBatch(seen(i === 0 ? there : there.toReversed(), 10 + i))),
      ),
    );
    expect(await allCounts()).toEqual([500, 500, 1000, 1000]);
    expect(
      await count('hosts', 'first_seen = to_timestamp(0.010) AND last_seen = to_timestamp(0.011)'),
    ).toBe(500);
  });

  test('writers that lock hosts in different orders deadlock: ours use one order', async () => {
    const job = await running();
    await store.record(job.id, eventBatch(seen([1, 2], 1)));
    const { rows } = await admin.query<{ id: string }>('SELECT id FROM hosts ORDER BY id');
    const touch = (id: string): string => `UPDATE hosts SET vendor = 'x' WHERE id = '${id}'`;
    const other = new pg.Client({ connectionString: db });
    await other.connect();
    await Promise.all([admin.query('BEGIN'), other.query('BEGIN')]);
    await Promise.all([admin.query(touch(rows[0]!.id)), other.query(touch(rows[1]!.id))]);
    const crossed = await Promise.allSettled([
      admin.query(touch(rows[1]!.id)),
      other.query(touch(rows[0]!.id)),
    ]);
    expect(crossed.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: '40P01' } },
    ]);
    await Promise.all([admin.query('ROLLBACK'), other.query('ROLLBACK')]);
    await other.end();

    const jobs = await Promise.all(numbers(4).map(() => running()));
    const deadlocks = async (): Promise<number> =>
      (
        await admin.query<{ n: number }>(
          'SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()',
        )
      ).rows[0]!.n;
    const before = await deadlocks();
    await Promise.all(
      jobs.map(async ({ id }, i) => {
        for (let round = 0; round < 10; round++) {
          const mixed = numbers(100).toSorted(() => Math.random() - 0.5);
          await store.record(id, eventBatch(seen(mixed, 100 * i + round)));
        }
      }),
    );
    expect(await deadlocks()).toBe(before);
    expect(await count('port_scans', `job_id <> '${job.id}'`)).toBe(400);
  });

  test('a worker whose lease has ended writes nothing, even in the middle of a batch', async () => {
    const lease = await newLeased(store.database, 1);
    const batch = eventBatch([...seen([1], 1), unit(0)]);
    await admin.query('BEGIN');
    await admin.query("UPDATE scan_units SET status = 'released', worker_id = NULL");
    const late = store.record(lease.job.id, batch, { lease });
    await sleep(100);
    await admin.query('COMMIT');
    expect((await late).status).toBe('lost');
    expect(await allCounts()).toEqual([0, 0, 0, 0]);
  });

  test('an old scan has a separate month, and its facts are there', async () => {
    const id = '015b2f9a-0000-7000-8000-000000000001';
    await createJob(store.database, { id, scan_type: 'x' });
    await store.record(id, eventBatch(seen([1], 1)));
    const { rows } = await admin.query<Row>('SELECT tableoid::regclass::text AS t FROM port_scans');
    expect(rows).toEqual([{ t: 'port_scans_2017_04' }]);
  });

  test('connections that the server ends go unnoticed', async () => {
    const job = await running();
    const over = new AbortController();
    const endings = (async () => {
      for (let i = 0; i < 6 && !over.signal.aborted; i++) {
        await sleep(100 + 100 * Math.random());
        await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
      }
    })();
    try {
      for (let i = 0; i < 30; i++) {
        const { status } = await store.record(job.id, eventBatch([...seen([i], i), unit(i)]));
        expect(status).toBe('recorded');
        expect((await listJobs(store.database)).rows).toHaveLength(1);
      }
    } finally {
      over.abort();
      await endings;
    }
    expect([...(await allCounts()), await count('scan_units')]).toEqual([30, 30, 30, 30, 30]);
  });

  test('a line that breaks while the server commits: batches again, other changes reported', async () => {
    await using line = await breakingLine(db);
    const far = await openPostgresStore(line.url, { pool: { max: 1 } });
    try {
      const job = await running(far);
      line.breakAtCommit(1);
      const { status } = await far.record(job.id, eventBatch([...seen([1], 1), unit(0)]));
      expect(status).toBe('recorded');
      expect(await allCounts()).toEqual([1, 1, 1, 1]);
      line.breakAtCommit(1);
      await expect(createJob(far.database, { scan_type: 'y' })).rejects.toMatchObject({
        code: 'UNKNOWN_OUTCOME',
      });
      line.breakAtCommit(1);
      expect((await listAudit(far.database)).rows.length).toBeGreaterThan(0);
    } finally {
      await far.close();
    }
  });

  test('an unreachable server, a wrong password and a missing database are distinguished', async () => {
    const nobody = new URL(db);
    nobody.port = '1';
    await expect(openPostgresStore(nobody.href)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
    const missing = new URL(db);
    missing.pathname = '/no_such_database';
    await expect(openPostgresStore(missing.href)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const stranger = new URL(db);
    stranger.username = 'nobody_here';
    await expect(openPostgresStore(stranger.href)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    const other = await openPostgresStore(db, { tenant: 'no-such-tenant' }).catch((e: Error) => e);
    expect(other).toMatchObject({ code: 'NOT_FOUND' });
  });
});

interface BreakingLine extends AsyncDisposable {
  readonly url: string;
  /** Passes the next so many COMMITs on to the server, and cuts the line before it answers. */
  breakAtCommit(times: number): void;
}

/** A real line between a client and the server, which can break at a chosen moment. */
async function breakingLine(db: string): Promise<BreakingLine> {
  const target = new URL(db);
  let left = 0;
  const sockets = new Set<Socket>();
  const line: Server = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => [client, server].map((s) => s.destroy()));
    }
    client.on('data', (bytes) => {
      if (left > 0 && bytes.includes('COMMIT')) {
        left -= 1;
        server.write(bytes, () => setTimeout(() => client.destroy(), 50));
        server.removeAllListeners('data');
        return;
      }
      server.write(bytes);
    });
    server.on('data', (bytes) => client.write(bytes));
  });
  line.listen(0, '127.0.0.1');
  await once(line, 'listening');
  const url = new URL(db);
  url.port = String((line.address() as { port: number }).port);
  return {
    url: url.href,
    breakAtCommit(times) {
      left = times;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      line.close();
      await once(line, 'close');
    },
  };
}

test('a server that crashes and comes back loses and duplicates no recorded batch', async () => {
  await using server = await startPostgresServer(packagedPostgres()!, {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
  });
  await using store = await openPostgresStore(server.url, { create: true });
  const { id } = await createJob(store.database, { scan_type: 'x' });
  const job = await startJob(store.database, id, currentWorker());
  const crash = sleep(200).then(() => server.restart('immediate'));
  const crashAgain = crash.then(() => sleep(200)).then(() => server.restart('immediate'));
  let recorded = 0;
  const over = new AbortController();
  void crashAgain.then(() => over.abort());
  while (!over.signal.aborted || recorded < 50) {
    const events = [...seen([recorded], 1), unit(recorded)];
    expect((await store.record(job.id, eventBatch(events))).status).toBe('recorded');
    recorded += 1;
  }
  await crashAgain;
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  const { rows } = await admin.query<Row>(`SELECT (SELECT count(*)::int FROM port_scans) AS ports,
    (SELECT count(*)::int FROM scan_units) AS units, (SELECT count(*)::int FROM hosts) AS hosts`);
  await admin.end();
  expect(rows).toEqual([{ ports: recorded, units: recorded, hosts: recorded }]);
});
