import { errorOf } from '../errors.ts';
import { scanners } from '../scan/scanners.ts';
import { uniqueWorker, type Worker } from '../store/scans/process-identity.ts';
import { heartbeatWorker, registerWorker, removeWorker } from '../store/scans/workers.ts';
import { type Store, taskName } from '../store/store.ts';
import { type LeaseRunnerOptions, newLeaseRunner } from './lease-runner.ts';
import { reapJobs } from './upkeep.ts';

/** How a worker works. */
export interface WorkerOptions {
  readonly signal: AbortSignal;
  /** Leases that it runs at once. */
  readonly concurrency?: number;
  /** Scan types that it runs; those over the network by default. */
  readonly scanTypes?: readonly string[];
  /** Labels that it has: it runs scans that ask for one of them, and those that ask for none. */
  readonly labels?: readonly string[];
  /** How long units stay its own while it is silent, ms. */
  readonly leaseMs?: number;
  readonly scanners?: typeof scanners;
  /** Called with what failed; the worker continues. */
  readonly onError?: (error: Error) => void;
  /** Called when it is ready for work. */
  readonly onReady?: (id: string) => void;
}

export const defaultConcurrency = 4;
const defaultLeaseMs = 30_000;
export const defaultScanTypes = ['network', 'discovery'] as const;

/**
 * Runs queued scans until the signal aborts; then records what it has found, hands back the units
 * that it has not finished, and returns. Any number of workers share a store.
 *
 * @throws AppError if the queue cannot be used
 */
export async function runWorker(store: Store, options: WorkerOptions): Promise<void> {
  const settings = {
    concurrency: options.concurrency ?? defaultConcurrency,
    scanTypes: options.scanTypes ?? [...defaultScanTypes],
    labels: options.labels ?? [],
    leaseMs: options.leaseMs ?? defaultLeaseMs,
  };
  const { scanners: known = scanners, onError, onReady } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const self = uniqueWorker();
  await registerWorker(store.database, self, settings);
  const runner = newLeaseRunner({ ...settings, signal, scanners: known, onError });
  let maintaining = Promise.resolve();
  try {
    await store.runQueue({
      tasks: tasksOf(settings),
      concurrency: settings.concurrency,
      signal,
      onReady() {
        maintaining = maintain(store, self, { ...settings, signal, onError });
        onReady?.(self.id);
      },
      work: numbered(async (tenantId, number) => {
        if (signal.aborted) return false;
        try {
          return await runner.runNext(store.forTenant(tenantId), `${self.id}/${number}`);
        } catch (error) {
          onError?.(errorOf(error));
          return false;
        }
      }),
    });
  } finally {
    ended.abort();
    await maintaining;
    await removeWorker(store.database, self).catch(() => undefined);
  }
}

/** Numbers the calls that are under way, from 1 on, for their leases' names. */
function numbered(
  work: (tenantId: string, number: number) => Promise<boolean>,
): (tenantId: string) => Promise<boolean> {
  const numbers = new Set<number>();
  return async (tenantId) => {
    let number = 1;
    while (numbers.has(number)) number++;
    numbers.add(number);
    try {
      return await work(tenantId, number);
    } finally {
      numbers.delete(number);
    }
  };
}

function tasksOf({
  scanTypes,
  labels,
}: {
  scanTypes: readonly string[];
  labels: readonly string[];
}): string[] {
  return scanTypes.flatMap((scanType) =>
    [null, ...labels].map((label) => taskName({ scanType, label })),
  );
}

/** Sends the worker's heartbeat, and reaps scans of lost workers, until the signal aborts. */
async function maintain(
  store: Store,
  self: Worker,
  { signal, leaseMs, onError }: Pick<LeaseRunnerOptions, 'signal' | 'leaseMs' | 'onError'>,
): Promise<void> {
  const everyMs = Math.min(5000, leaseMs / 3);
  while (!signal.aborted) {
    try {
      await heartbeatWorker(store.database, self, false);
      for (const tenantId of await store.tenantsAtWork()) {
        await reapJobs(store.forTenant(tenantId).database);
      }
    } catch (error) {
      onError?.(errorOf(error));
    }
    await pause(everyMs * (0.75 + Math.random() / 2), signal);
  }
  await heartbeatWorker(store.database, self, true).catch(() => undefined);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    if (signal.aborted) resolve();
  });
}
