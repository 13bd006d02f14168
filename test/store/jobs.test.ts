import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventBatch } from '../../src/core/event-batch.ts';
import { finishJob, removeJob } from '../../src/store/scans/end-scan.ts';
import { markCrashedJobs } from '../../src/store/scans/crash-detection.ts';
import { findJob, listJobs } from '../../src/store/scans/find-scan.ts';
import { createJob } from '../../src/store/scans/create-job.ts';
import { getJob } from '../../src/store/scans/jobs.ts';
import { heartbeat } from '../../src/store/scans/heartbeat.ts';
import { setJobStatus, startJob } from '../../src/store/scans/job-status.ts';
import { allRows } from '../../src/store/keyset.ts';
import { identifier, sql } from '../../src/store/sql.ts';
import type { Store, StoreDatabase } from '../../src/store/store.ts';
import { currentWorker, isAlive } from '../../src/store/scans/process-identity.ts';
import { storeKinds, type TestStore } from './stores.ts';

describe.each(storeKinds)('on $name', ({ newStore, uuid }) => {
  let opened: TestStore;
  let store: Store;
  let db: StoreDatabase;

  beforeEach(async () => {
    opened = await newStore();
    store = opened.store;
    db = store.database;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('a job keeps what it was made of', async () => {
    const made = await createJob(db, {
      scan_type: 'network',
      config: { targets: ['10.0.0.0/24'] },
      args: ['scan', '10.0.0.0/24'],
      tool_version: '0.1.0',
      seed: 's',
      unit_count: 3,
      execution_context: { user: 'x' },
    });
    expect(made).toMatchObject({ status: 'pending', attempts: 0, worker: undefined });
    expect(await getJob(db, made.id)).toEqual(made);
    expect(made).toMatchObject({
      config: { targets: ['10.0.0.0/24'] },
      args: ['scan', '10.0.0.0/24'],
      coverage: {},
      counts: {},
      execution_context: { user: 'x' },
      scan_stats: null,
      unit_count: 3,
      is_partial: false,
    });
  });

  test('an illegal transition names both states and changes nothing', async () => {
    const { id } = await createJob(db, { scan_type: 'x' });
    await expect(setJobStatus(db, id, 'completed')).rejects.toThrow(
      /a pending scan cannot become completed/,
    );
    await startJob(db, id, currentWorker());
    await finishJob(db, id, { status: 'completed' });
    for (const to of ['running', 'cancelled', 'pending'] as const) {
      await expect(setJobStatus(db, id, to)).rejects.toThrow(
        `a completed scan cannot become ${to}`,
      );
    }
    expect((await getJob(db, id)).status).toBe('completed');
    await expect(setJobStatus(db, 'nothing', 'running')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('of many who start one scan, one does', async () => {
    const { id } = await createJob(db, { scan_type: 'x' });
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => startJob(db, id, currentWorker())),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await getJob(db, id)).attempts).toBe(1);
  });

  test('pausing keeps the attempt, taking up again begins another', async () => {
    const { id } = await createJob(db, { scan_type: 'x' });
    const first = await startJob(db, id, currentWorker());
    await setJobStatus(db, id, 'paused');
    expect((await setJobStatus(db, id, 'running')).attempts).toBe(first.attempts);
    await setJobStatus(db, id, 'cancelled', { error_message: 'by hand' });
    const again = await setJobStatus(db, id, 'pending');
    expect(again).toMatchObject({ error_message: null, completed_at: null, is_partial: false });
    const second = await startJob(db, id, currentWorker());
    expect(second).toMatchObject({ attempts: 2, started_at: first.started_at });
    const late = finishJob(db, id, { status: 'completed', attempt: first.attempts });
    await expect(late).rejects.toThrow(/another attempt/);
  });

  test('a heartbeat tells the worker what became of its job', async () => {
    const { id } = await createJob(db, { scan_type: 'x' });
    const job = await startJob(db, id, currentWorker());
    const growth = { hosts_done: 5, hosts_up: 2, ports_open: 1 };
    const running = { status: 'running', timeout_at: null };
    expect(await heartbeat(db, job, growth)).toEqual(running);
    expect(await heartbeat(db, job, growth)).toEqual(running);
    expect(await getJob(db, id)).toMatchObject({ hosts_done: 10, hosts_up: 4, ports_open: 2 });
    await setJobStatus(db, id, 'cancelled');
    expect(await heartbeat(db, job, growth)).toMatchObject({ status: 'cancelled' });
    expect(await heartbeat(db, { id, attempts: job.attempts + 1 }, growth)).toBeUndefined();
  });

  test('a scan whose process is gone is marked, a live one is not', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const mine = currentWorker();
    const jobs = await Promise.all(
      ['own', 'gone', 'reused', 'far', 'silent'].map((scan_id) =>
        createJob(db, { scan_type: 'x', scan_id }),
      ),
    );
    const workers = {
      own: mine,
      gone: { ...mine, pid: child.pid! },
      reused: { ...mine, started: '1' },
      far: { ...mine, host: 'elsewhere' },
      silent: { ...mine, host: 'elsewhere' },
    };
    for (const { id, scan_id } of jobs) {
      await startJob(db, id, workers[scan_id as keyof typeof workers]);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { id: silent } = await findJob(db, 'silent');
    await db.query(
      sql`UPDATE scan_jobs SET heartbeat_at = ${db.dialect.time(1)} WHERE ${identifier(uuid)} = ${silent}`,
    );
    const marked = await markCrashedJobs(db);
    expect(new Set(marked.map(({ scan_id }) => scan_id))).toEqual(
      new Set(['gone', 'reused', 'silent']),
    );
    expect(await markCrashedJobs(db)).toEqual([]);
  });

  test('this process is alive, and a process with its pid but another birth is not', () => {
    expect(isAlive(currentWorker())).not.toBe(false);
    expect(isAlive({ ...currentWorker(), host: 'elsewhere' })).toBeUndefined();
  });

  test('removing a scan takes its facts and leaves the inventory', async () => {
    const { id } = await createJob(db, { scan_type: 'x' });
    await startJob(db, id, currentWorker());
    const event = { type: 'scan.port' as const, run_id: 'r', transport: 'tcp' as const, port: 1 };
    const seen = { addr: '192.0.2.1', state: 'open' as const, t_first: 1, t_last: 1 };
    await store.record(id, eventBatch([{ ...event, ...seen }]));
    await removeJob(db, id);
    const count = async (table: string): Promise<unknown> =>
      (await opened.rows(`SELECT count(*) AS n FROM ${table}`))[0]?.['n'];
    const tables = ['scan_jobs', 'host_scans', 'port_scans', 'hosts', 'host_ports'];
    expect(await Promise.all(tables.map(count))).toEqual([0, 0, 0, 1, 1]);
    await expect(removeJob(db, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a scan is found by "last", its id, the beginning of its id and its name', async () => {
    const jobs = [];
    for (let i = 0; i < 3; i++) jobs.push(await createJob(db, { scan_type: 'x', requested_at: i }));
    const named = await createJob(db, { scan_type: 'y', scan_id: 'nightly', requested_at: 9 });
    const id = jobs[0]!.id;
    expect((await findJob(db, 'nightly')).id).toBe(named.id);
    expect((await findJob(db, 'last')).id).toBe(named.id);
    expect((await findJob(db, id.toUpperCase())).id).toBe(id);
    expect((await findJob(db, id.slice(0, 34))).id.slice(0, 34)).toBe(id.slice(0, 34));
    await expect(findJob(db, id.slice(0, 4))).rejects.toThrow(/matches several/);
    await expect(findJob(db, 'ffff')).rejects.toThrow(/no scan ffff/);
    await expect(findJob(db, 'x%')).rejects.toThrow(/no scan "x%"/);
    await expect(createJob(db, { scan_type: 'x', scan_id: 'nightly' })).rejects.toThrow(
      /nightly already/,
    );
    const listed = await Array.fromAsync(allRows((page) => listJobs(db, {}, page), { limit: 1 }));
    expect(listed.map((job) => job.requested_at)).toEqual([9, 2, 1, 0]);
    expect(
      (await listJobs(db, { scanType: 'y', since: 5, statuses: ['pending'] })).rows,
    ).toHaveLength(1);
  });
});
