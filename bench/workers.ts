import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseScanConfig } from '../src/core/scan-config.ts';
import { createScan } from '../src/jobs/create-scan.ts';
import { getJob } from '../src/store/scans/jobs.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import type { Store } from '../src/store/store.ts';
import { startPortolan } from '../test/process.ts';
import { median } from './median.ts';
import { type DistantNetwork, newDistantNetwork } from './network-namespace.ts';

const rounds = 1;
/** How long the worker of a large scan is observed, ms. */
const largeMs = 15_000;

/** Measures the gain of a second worker, a worker's memory, and the cost of recording a scan. */
export async function benchWorkers(): Promise<void> {
  const [network, wide] = [await createMs('10.9.0.0/24'), await createMs('10.0.0.0/8')];
  console.log(
    `a scan of a /24 is recorded in ${network.ms.toFixed(2)} ms, of a /8 in ` +
      `${wide.ms.toFixed(2)} ms and ${wide.kilobytes} KB more of memory`,
  );
  using distant = await newDistantNetwork(20);
  const one = await rounded(() => scanSeconds(distant, 1));
  const two = await rounded(() => scanSeconds(distant, 2));
  console.log(
    `128 hosts × 1,000 ports, 20 ms away: one worker ${one.toFixed(1)} s, two ${two.toFixed(1)} s: ` +
      `${(one / two).toFixed(2)} × as fast (limit 1.7)`,
  );
  console.log(
    `a worker of a /8 × 1,000 ports: at most ${await peakMegabytes(distant)} MB (limit 250)`,
  );
}

async function rounded(measure: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < rounds; i++) all.push(await measure());
  return median(all);
}

async function withStore<T>(work: (store: Store, db: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
  const db = join(folder, 'store.db');
  try {
    await using store = await openSqliteStore(db, { create: true });
    return await work(store, db);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Few simultaneous connections and small leases: the scan waits for answers, not the processor. */
async function queue(store: Store, targets: string): Promise<string> {
  const config = parseScanConfig({
    targets: [targets],
    ports: '1-1000',
    seed: 'bench',
    assume_up: 'all',
    probe: false,
    reverse_dns: false,
    rate: 0,
    parallelism: 3600,
    host_parallelism: 100,
    timeout_ms: 300,
    retries: 1,
    retry_delay_ms: 100,
  });
  const scan = {
    scanType: 'network',
    config,
    args: [],
    toolVersion: '',
    faults: [],
    queue: { batchSize: 1 },
  };
  return (await createScan(store, scan)).job.id;
}

async function createMs(targets: string): Promise<{ ms: number; kilobytes: number }> {
  return withStore(async (store) => {
    const before = process.memoryUsage().rss;
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const startedMs = performance.now();
      await queue(store, targets);
      times.push(performance.now() - startedMs);
    }
    const kilobytes = Math.round((process.memoryUsage().rss - before) / 1024);
    return { ms: median(times), kilobytes };
  });
}

async function scanSeconds({ near }: DistantNetwork, count: number): Promise<number> {
  return withStore(async (store, db) => {
    const workers = Array.from({ length: count }, () => startWorker(near.name, db));
    await sleep(3000);
    const startedMs = performance.now();
    const id = await queue(store, '10.9.0.0/25');
    while ((await getJob(store.database, id)).status !== 'completed') await sleep(20);
    const seconds = (performance.now() - startedMs) / 1000;
    await stop(workers);
    return seconds;
  });
}

/** The peak memory of a worker on a scan that would take days. */
async function peakMegabytes({ near }: DistantNetwork): Promise<number> {
  return withStore(async (store, db) => {
    const worker = startWorker(near.name, db, 4);
    await queue(store, '10.0.0.0/8');
    await sleep(largeMs);
    const status = readFileSync(`/proc/${worker.child.pid}/status`, 'utf8');
    await stop([worker]);
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  });
}

function startWorker(
  namespace: string,
  db: string,
  concurrency = 1,
): ReturnType<typeof startPortolan> {
  const before = ['ip', 'netns', 'exec', namespace];
  return startPortolan(['worker', '--db', db, '--concurrency', String(concurrency)], { before });
}

async function stop(workers: readonly ReturnType<typeof startPortolan>[]): Promise<void> {
  for (const { child } of workers) child.kill('SIGTERM');
  await Promise.all(workers.map(({ ended }) => ended));
}
