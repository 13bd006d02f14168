import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, run, WorkerPreset } from 'graphile-worker';
import { Pool } from 'pg';
import type { ScanEvent } from '../src/core/events.ts';
import { parseScanConfig } from '../src/core/scan-config.ts';
import { createScan } from '../src/jobs/create-scan.ts';
import { runWorker } from '../src/jobs/worker.ts';
import type { ScanContext } from '../src/scan/scanner.ts';
import { getJob } from '../src/store/scans/jobs.ts';
import { openPostgresStore } from '../src/store/postgres/open.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import type { Store } from '../src/store/store.ts';
import { packagedPostgres, startPostgresServer } from '../test/postgres/server.ts';
import { median } from './median.ts';

/**
 * Units, or jobs of the other queue, in one measurement. They take some seconds, because a worker
 * begins a scan with small leases.
 */
const unitCount = 60_000;
const concurrency = 4;
const pickUps = 40;
/** Pairs of measurements, in turn, so that a slow minute of the machine affects both. */
const rounds = 3;

/** Measures the whole life of empty units on both stores, and of graphile-worker's empty jobs. */
export async function benchQueue(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
  {
    await using store = await openSqliteStore(join(folder, 'store.db'), { create: true });
    const perSecond = await unitsPerSecond(store);
    console.log(`SQLite: ${perSecond.toFixed(0)} empty units/s (limit 5,000)`);
    console.log(
      `  an idle worker starts a scan after ${(await pickUpMs(store)).toFixed(1)} ms (limit 50)`,
    );
  }
  rmSync(folder, { recursive: true });
  await benchPostgres();
}

interface Pair {
  /** Units per second, and jobs per second of the other queue without and with adding them. */
  readonly own: number;
  readonly peer: number;
  readonly life: number;
}

/** Runs each pair on its own server, so that neither works among the dead rows of the other. */
async function benchPostgres(): Promise<void> {
  const pairs: Pair[] = [];
  for (let i = 0; i < rounds; i++) {
    await using peers = await startPostgresServer(packagedPostgres()!, durable);
    await (await openPostgresStore(peers.url, { create: true })).close();
    const peer = await graphileJobsPerSecond(peers.url, { count: unitCount, isTuned: true });
    await using server = await startPostgresServer(packagedPostgres()!, durable);
    await using store = await openPostgresStore(server.url, { create: true });
    const own = await unitsPerSecond(store);
    const pair = { own, peer: peer.perSecond, life: peer.lifePerSecond };
    pairs.push(pair);
    console.log(
      `PostgreSQL, fsync on, ${concurrency} at once: ${own.toFixed(0)} empty units/s; graphile-worker, ` +
        `local queue of 500, batched completion: ${peer.perSecond.toFixed(0)} jobs/s, with their ` +
        `adding ${peer.lifePerSecond.toFixed(0)}`,
    );
    if (i > 0) continue;
    const plain = await graphileJobsPerSecond(peers.url, { count: 4000, isTuned: false });
    console.log(`  graphile-worker with its defaults: ${plain.perSecond.toFixed(0)} jobs/s`);
    console.log(
      `  an idle worker starts a scan after ${(await pickUpMs(store)).toFixed(1)} ms (limit 50)`,
    );
  }
  const ratio = (of: keyof Pair): string =>
    median(pairs.map((pair) => pair.own / pair[of])).toFixed(2);
  console.log(
    `  portolan ${ratio('peer')} × as fast (median of ${rounds}, limit 0.7); including adding the ` +
      `jobs ${ratio('life')} ×`,
  );
}

const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** A scanner that returns at once and finds nothing. */
async function* scanNothing(
  _config: unknown,
  { runId, units }: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  for await (const { index: unit, first, last } of units) {
    const t = Date.now();
    const base = { type: 'run.unit', run_id: runId, status: 'completed' } as const;
    yield [{ ...base, unit, first, last, t_start: t, t_end: t, counts: {} }];
  }
}

const scanners = [{ scanType: 'network', load: () => Promise.resolve(scanNothing) }];

async function newScan(store: Store, units: number): Promise<string> {
  const last = [10, units >> 16, (units >> 8) & 255, units & 255].join('.');
  const config = parseScanConfig({
    targets: [`10.0.0.1-${last}`],
    ports: '1-16384',
    seed: 'bench',
  });
  const queue = { batchSize: 500 };
  const scan = { scanType: 'network', config, args: [], toolVersion: '', faults: [], queue };
  return (await createScan(store, scan)).job.id;
}

async function unitsPerSecond(store: Store): Promise<number> {
  await using worker = startWorker(store);
  await worker.ready;
  const startedMs = performance.now();
  await ended(store, await newScan(store, unitCount));
  return unitCount / ((performance.now() - startedMs) / 1000);
}

/** The time from the commit of a scan to the start of its first unit. */
async function pickUpMs(store: Store): Promise<number> {
  await using worker = startWorker(store);
  await worker.ready;
  const times: number[] = [];
  for (let i = 0; i < pickUps; i++) {
    await sleep(50 + Math.random() * 50);
    const startedMs = performance.now();
    const begun = worker.nextScan();
    const id = await newScan(store, 1);
    times.push((await begun) - startedMs);
    await ended(store, id);
  }
  return median(times);
}

function ignore(): void {}

interface RunningWorker extends AsyncDisposable {
  readonly ready: Promise<void>;
  /** Resolves when the next scanner starts. */
  nextScan(): Promise<number>;
}

function startWorker(store: Store): RunningWorker {
  const controller = new AbortController();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  let begin: (ms: number) => void = ignore;
  const load = (): Promise<typeof scanNothing> => {
    begin(performance.now());
    return Promise.resolve(scanNothing);
  };
  const working = runWorker(store, {
    signal: controller.signal,
    concurrency,
    scanners: [{ ...scanners[0]!, load }],
    onReady: () => setTimeout(resolve, 1000),
    onError: (error) => console.error(error),
  });
  return {
    ready,
    nextScan: () => new Promise((tell) => (begin = tell)),
    async [Symbol.asyncDispose]() {
      controller.abort();
      await working;
    },
  };
}

async function ended(store: Store, id: string): Promise<void> {
  while ((await getJob(store.database, id)).status !== 'completed') await sleep(5);
}

async function graphileJobsPerSecond(
  url: string,
  { count, isTuned }: { count: number; isTuned: boolean },
): Promise<{
  /** Measured from the start of its workers, when all jobs are queued. */
  readonly perSecond: number;
  /** Including adding the jobs, as leasing is part of a unit's life. */
  readonly lifePerSecond: number;
}> {
  const addedMs = performance.now();
  const pool = new Pool({ connectionString: url, max: 10 });
  pool.on('error', () => undefined).on('connect', () => undefined);
  await pool.query(
    `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
       SELECT json_populate_record(null::graphile_worker.job_spec, '{"identifier": "nothing"}')
       FROM generate_series(1, ${count})))`,
  );
  let done = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const startedMs = performance.now();
  const runner = await run({
    pgPool: pool,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    parsedCronItems: [],
    taskList: {
      nothing() {
        done += 1;
        if (done === count) resolve();
      },
    },
    preset: {
      extends: [WorkerPreset],
      worker: {
        concurrentJobs: concurrency,
        ...(isTuned && {
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        }),
      },
    },
  });
  await all;
  const endedMs = performance.now();
  await runner.stop();
  await pool.end();
  return {
    perSecond: (count / (endedMs - startedMs)) * 1000,
    lifePerSecond: (count / (endedMs - addedMs)) * 1000,
  };
}
