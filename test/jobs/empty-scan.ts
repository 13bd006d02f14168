import type { ScanEvent } from '../../src/core/events.ts';
import { parseScanConfig } from '../../src/core/scan-config.ts';
import { createScan, type QueueSettings } from '../../src/jobs/create-scan.ts';
import { runWorker, type WorkerOptions } from '../../src/jobs/worker.ts';
import type { ScanContext } from '../../src/scan/scanner.ts';
import type { Job } from '../../src/store/scans/jobs.ts';
import { getJob } from '../../src/store/scans/jobs.ts';
import type { Store } from '../../src/store/store.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** A scan of so many units of one host each, left to workers. */
export async function queueScan(
  store: Store,
  units: number,
  queue: QueueSettings & { readonly runLimitMs?: number } = {},
): Promise<Job> {
  const config = parseScanConfig({
    targets: [`10.0.0.0-10.0.${(units - 1) >> 8}.${(units - 1) & 255}`],
    ports: '1-16384',
    seed: 'test',
  });
  const { runLimitMs } = queue;
  const scan = { scanType: 'network', config, args: ['scan'], toolVersion: '0', faults: [] };
  return (await createScan(store, { ...scan, queue, runLimitMs })).job;
}

/** What a scanner of a test does with one unit. */
export type UnitWork = (unit: number, signal: AbortSignal, runId: string) => Promise<void>;

/** A worker whose scanner finds one open port on every host, once `work` lets it. */
export function startWorker(
  store: Store,
  work: UnitWork = () => Promise.resolve(),
  options: Partial<WorkerOptions> = {},
): AsyncDisposable & { readonly errors: Error[]; stop(): Promise<void> } {
  const controller = new AbortController();
  const errors: Error[] = [];
  const running = runWorker(store, {
    concurrency: 2,
    onError: (error) => errors.push(error),
    ...options,
    signal: controller.signal,
    scanners: [{ scanType: 'network', load: () => Promise.resolve(scanner(work)) }],
  });
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  return { errors, stop, [Symbol.asyncDispose]: stop };
}

function scanner(work: UnitWork) {
  return async function* scan(
    _config: unknown,
    { runId, units, signal }: ScanContext,
  ): AsyncGenerator<readonly ScanEvent[]> {
    for await (const { index: unit, first, last } of units) {
      if (signal.aborted) return;
      const start = Date.now();
      await work(unit, signal, runId);
      const status = signal.aborted ? 'partial' : 'completed';
      const base = { run_id: runId };
      const at = { addr: `10.0.${first >> 8}.${first & 255}`, transport: 'tcp', port: 80 } as const;
      yield [
        { type: 'scan.port', ...base, ...at, state: 'open', t_first: start, t_last: Date.now() },
        {
          type: 'run.unit',
          ...base,
          unit,
          first,
          last,
          status,
          t_start: start,
          t_end: Date.now(),
          counts: { hosts: 1, hosts_up: 1, ports_open: 1 },
        },
      ];
    }
  };
}

/** Waits until something about a scan is so. */
export async function until(
  store: Store,
  id: string,
  isSo: (job: Job) => boolean | Promise<boolean>,
): Promise<Job> {
  for (;;) {
    const job = await getJob(store.database, id);
    if (await isSo(job)) return job;
    await sleep(10);
  }
}
