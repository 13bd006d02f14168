import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventBatch } from '../../src/core/event-batch.ts';
import { planScan } from '../../src/core/plan.ts';
import { parseScanConfig } from '../../src/core/scan-config.ts';
import { cancelJob, pauseJob, requeueJob, resumeJob } from '../../src/store/scans/transitions.ts';
import { markCrashedJobs } from '../../src/store/scans/crash-detection.ts';
import { reapJobs } from '../../src/jobs/upkeep.ts';
import { getJob, type Job } from '../../src/store/scans/jobs.ts';
import { extendLease, releaseLease, takeLease, type Lease } from '../../src/store/scans/leases.ts';
import type { JobEvent, Store } from '../../src/store/store.ts';
import { currentWorker } from '../../src/store/scans/process-identity.ts';
import { listWorkers, registerWorker } from '../../src/store/scans/workers.ts';
import { newLeased, unitAt } from '../store/lease.ts';
import { storeKinds, type TestStore } from '../store/stores.ts';
import { queueScan, startWorker, until } from './empty-scan.ts';

/** Until the signal of a scanner aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

describe.each(storeKinds)('workers on $name', ({ newStore }) => {
  let opened: TestStore;
  let store: Store;

  beforeEach(async () => {
    opened = await newStore();
    store = opened.store;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  async function take(workerId: string, units: number, leaseMs = 60_000): Promise<Lease> {
    const planOf = (job: Job) => planScan(parseScanConfig(job.config));
    const work = await takeLease(store.database, {
      workerId,
      scanTypes: ['network'],
      labels: [],
      leaseMs,
      unitsOf: () => units,
      unitAt: (job, unit) => planOf(job).unit(unit),
    });
    if (!work) throw new Error('there is no work');
    return work;
  }

  async function record(work: Lease, units = work.units): Promise<string> {
    const events = units.map(({ index: unit, ...range }) => ({
      type: 'run.unit' as const,
      run_id: work.job.id,
      unit,
      ...range,
      status: 'completed' as const,
      t_start: 1,
      t_end: 2,
      counts: {},
    }));
    return (await store.record(work.job.id, eventBatch(events), { lease: work })).status;
  }

  test('a scan of many units is made once, by two workers', async () => {
    const begun: number[] = [];
    const { id } = await queueScan(store, 300);
    await using first = startWorker(store, (unit) => Promise.resolve(void begun.push(unit)));
    await using second = startWorker(store, (unit) => Promise.resolve(void begun.push(unit)));
    const job = await until(store, id, ({ status }) => status === 'completed');
    expect(begun.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(job).toMatchObject({
      hosts_done: 300,
      ports_open: 300,
      progress_percent: 100,
      total_items: 300,
      processed_items: 300,
      failed_items: 0,
      success_rate: 1,
      is_partial: false,
      attempts: 1,
    });
    expect([...first.errors, ...second.errors]).toEqual([]);
    const rows = await opened.rows('SELECT count(*) AS n FROM port_scans');
    expect(rows).toEqual([{ n: 300 }]);
  });

  test('a scan of a /8 is recorded as fast as a small one: it has no row a unit', async () => {
    const config = parseScanConfig({ targets: ['10.0.0.0/8'], ports: '1-1000', seed: 's' });
    const { createScan } = await import('../../src/jobs/create-scan.ts');
    const scan = { scanType: 'network', config, args: [], toolVersion: '0', faults: [] };
    const { id, unit_count: units } = (await createScan(store, { ...scan, queue: {} })).job;
    expect(units).toBe(1_048_576);
    const work = await take('w/1', 3);
    expect(work.units).toEqual([0, 1, 2].map((unit) => planScan(config).unit(unit)));
    expect(await opened.rows('SELECT count(*) AS n FROM scan_units')).toEqual([{ n: 3 }]);
    expect((await getJob(store.database, id)).next_unit).toBe(3);
  });

  test('a worker that was killed on this machine is seen to be lost at once', async () => {
    const settings = { concurrency: 1, scanTypes: ['network'], labels: [] };
    const self = currentWorker();
    await registerWorker(store.database, { ...self, id: 'here' }, settings);
    await registerWorker(store.database, { ...self, id: 'killed', started: '1' }, settings);
    const statuses = (await listWorkers(store.database)).map(({ id, status }) => [id, status]);
    expect(Object.fromEntries(statuses)).toEqual({ here: 'idle', killed: 'lost' });
  });

  test('a worker whose lease others have taken writes nothing', async () => {
    await queueScan(store, 4);
    const late = await take('late/1', 2, 1);
    await sleep(20);
    const other = await take('other/1', 2);
    expect(other.units).toEqual(late.units);
    expect(await record(late)).toBe('lost');
    expect(await opened.rows("SELECT unit FROM scan_units WHERE status = 'completed'")).toEqual([]);
    expect(await record(other, other.units.slice(0, 1))).toBe('recorded');
    expect(await record(late, late.units.slice(0, 1))).toBe('done');
    expect(await record(other)).toBe('done');
    await releaseLease(store.database, other);
    expect((await take('third/1', 1)).units).toEqual(other.units.slice(1));
  });

  test('workers take over the units of a process whose scan was paused', async () => {
    const own = await newLeased(store.database, 4);
    await pauseJob(store.database, own.job.id);
    await resumeJob(store.database, own.job.id);
    const { workerId } = own;
    expect(await extendLease(store.database, own, { workerId, wanted: 1, unitAt })).toEqual([]);
    expect(await record(own, own.units.slice(0, 1))).toBe('lost');
    const taken = await take('w/1', 9);
    expect(taken.units).toEqual(own.units);
    expect(await record(taken)).toBe('recorded');
  });

  test('a lease of an earlier attempt is void', async () => {
    const { id } = await queueScan(store, 4);
    const work = await take('w/1', 2);
    await cancelJob(store.database, id);
    // What was found until it was cancelled is kept, as long as nobody has begun again.
    expect(await record(work, work.units.slice(0, 1))).toBe('recorded');
    await requeueJob(store.database, id);
    expect(await record(work, work.units.slice(1))).toBe('lost');
    const again = await take('w/1', 9);
    expect(again.units.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(again.job.attempts).toBe(2);
  });

  test('an ended or paused scan stops its scanner, and what was found stays', async () => {
    const { id } = await queueScan(store, 10);
    await using _worker = startWorker(store, async (unit, signal) => {
      if (unit > 2) await aborted(signal);
    });
    const partOf = async (): Promise<unknown> =>
      (await opened.rows(`SELECT count(*) AS n FROM scan_units WHERE status = 'completed'`))[0];
    await until(store, id, ({ hosts_done: done }) => done === 3);
    await pauseJob(store.database, id);
    await until(store, id, async () => (await listWorkers(store.database))[0]?.work.length === 0);
    expect(await partOf()).toEqual({ n: 3 });
    await resumeJob(store.database, id);
    await until(store, id, async () => (await listWorkers(store.database))[0]?.work.length !== 0);
    await cancelJob(store.database, id);
    await until(store, id, async () => {
      const held = await opened.rows(
        "SELECT count(*) AS n FROM scan_units WHERE status = 'leased'",
      );
      return held[0]!['n'] === 0;
    });
    expect(await partOf()).toEqual({ n: 3 });
    expect((await getJob(store.database, id)).ports_open).toBeGreaterThanOrEqual(3);
  });

  test('a scan that takes too long fails, with what it found', async () => {
    const { id } = await queueScan(store, 3, { runLimitMs: 300 });
    await using _worker = startWorker(store, async (unit, signal) => {
      if (unit > 0) await aborted(signal);
    });
    const job = await until(store, id, ({ status }) => status === 'failed');
    expect(job.error_message).toContain('longer than it was allowed');
    expect(job.ports_open).toBeGreaterThan(0);
  });

  test('a broken scanner is retried later, up to a limit', async () => {
    const { id } = await queueScan(store, 2, { maxAttempts: 2 });
    await using worker = startWorker(store, () => Promise.reject(new Error('the ship sank')));
    const waiting = await until(
      store,
      id,
      ({ attempts, status }) => attempts === 1 && status === 'pending',
    );
    expect(waiting).toMatchObject({ error_message: 'the ship sank' });
    expect(waiting.run_at).toBeGreaterThan(Date.now() + 1000);
    await store.database.transaction(async (db) => {
      await db.query(
        (await import('../../src/store/sql.ts')).sql`UPDATE scan_jobs SET run_at = NULL`,
      );
      await reapJobs(db);
    });
    const failed = await until(store, id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ attempts: 2, error_message: 'the ship sank' });
    expect(worker.errors[0]?.message).toBe('the ship sank');
  });

  test('a worker that is stopped releases its unfinished units', async () => {
    const { id } = await queueScan(store, 6);
    const worker = startWorker(store, (_unit, signal) => aborted(signal), { concurrency: 1 });
    await until(
      store,
      id,
      async () => (await listWorkers(store.database))[0]?.status === 'working',
    );
    await worker.stop();
    expect(await listWorkers(store.database)).toEqual([]);
    expect(await markCrashedJobs(store.database)).toEqual([]);
    expect((await getJob(store.database, id)).status).toBe('running');
    await using _next = startWorker(store);
    await until(store, id, ({ status }) => status === 'completed');
  });

  test('a scan whose workers are all gone is restarted by the next', async () => {
    const { id } = await queueScan(store, 4);
    await take('gone/1', 4, -120_000);
    expect((await markCrashedJobs(store.database)).map((job) => job.id)).toEqual([id]);
    await reapJobs(store.database);
    expect(await getJob(store.database, id)).toMatchObject({ status: 'pending', attempts: 1 });
    await resumeJob(store.database, id);
    await store.database.query(
      (await import('../../src/store/sql.ts')).sql`UPDATE scan_jobs SET run_at = NULL`,
    );
    await reapJobs(store.database);
    await using _worker = startWorker(store);
    expect(await until(store, id, ({ status }) => status === 'completed')).toMatchObject({
      attempts: 2,
    });
  });

  test('the urgent scan is taken first, then turns are taken', async () => {
    const ids = [];
    for (const priority of ['low', 'normal', 'urgent', 'normal'] as const) {
      ids.push((await queueScan(store, 2, { priority })).id);
    }
    const order = [];
    for (let i = 0; i < 8; i++) order.push(ids.indexOf((await take(`w/${i}`, 1)).job.id));
    expect(order).toEqual([2, 2, 1, 3, 1, 3, 0, 0]);
  });

  test('only a worker with its label makes a scan that asks for one', async () => {
    const { id } = await queueScan(store, 2, { label: 'zone=dmz' });
    const { id: other } = await queueScan(store, 2);
    await using _plain = startWorker(store);
    await until(store, other, ({ status }) => status === 'completed');
    expect((await getJob(store.database, id)).status).toBe('pending');
    await using _labelled = startWorker(store, undefined, { labels: ['zone=lab', 'zone=dmz'] });
    await until(store, id, ({ status }) => status === 'completed');
  });

  test("a listener receives a scan's events from its creation to its end", async () => {
    const listening = new AbortController();
    const heard: JobEvent[] = [];
    const { promise: isListening, resolve } = Promise.withResolvers<void>();
    const listener = (async () => {
      setTimeout(resolve, 500);
      for await (const event of store.jobEvents(listening.signal)) heard.push(event);
    })();
    await isListening;
    const { id } = await queueScan(store, 3);
    await until(store, id, () => heard.some(({ type }) => type === 'created'));
    await using _worker = startWorker(store, () => sleep(300));
    await until(store, id, ({ status }) => status === 'completed');
    await until(store, id, () => heard.some(({ type }) => type === 'finished'));
    listening.abort();
    await listener;
    const types = heard.filter(({ job }) => job === id).map(({ type }) => type);
    expect([types[0], types[1], types.at(-1)]).toEqual(['created', 'started', 'finished']);
    expect(types).toContain('progress');
  });
});
