import { getCompileCacheDir } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ScanPlan } from '../../core/plan.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import type { Engine } from './engine.ts';
import { engineAddress } from './engine-address.ts';
import { type Outcome, outcome } from './outcome.ts';

/** Fewer ports are probed before a thread has started. */
const leastPorts = 8192;
/** In the table: the scan's own thread has probed this port, or is about to. */
const taken = 255;
/** Where the table tells the thread to stop; the places before it are ports. */
const stopAt = 65_536;

/**
 * A second thread that probes ports of one loopback address ahead of the scan. On loopback a
 * connect is work of this machine's kernel alone, 10 µs per port, which two cores do in half the
 * time.
 *
 * The contract is a table of one byte per port: 0 (free), `taken`, or an outcome. The thread probes
 * free ports and notes what is certain (open, refused); the scan takes every port exactly once, and
 * itself probes those for which nothing is noted. A thread that dies or never starts only makes the
 * scan slower.
 */
export interface LookAhead extends AsyncDisposable {
  /** Takes a port: its outcome where the thread knows it, else undefined. */
  take(port: number): Outcome | undefined;
}

/** A thread does not inherit the cache of compiled modules; without it, it starts 80 ms later. */
const bootstrap = `
  const { cache, module } = require('node:worker_threads').workerData;
  if (cache) require('node:module').enableCompileCache(cache);
  import(module);
`;

/** The thread's input. */
export interface LookAheadTask {
  readonly table: Uint8Array<SharedArrayBuffer>;
  readonly address: string;
  readonly ports: Uint16Array;
}

/**
 * Starts to look ahead where that pays: all or most ports of one loopback address, without limits.
 * Does not wait for the thread to start.
 */
export function startLookAhead(config: NetworkScanConfig, plan: ScanPlan): LookAhead | undefined {
  if (!paysOff(config, plan)) return undefined;
  const table = new Uint8Array(new SharedArrayBuffer(stopAt + 1));
  const ports = Uint16Array.from(plan.ports.tcp);
  const task: LookAheadTask = { table, address: plan.addressAt(0), ports };
  const file = import.meta.url.endsWith('.ts')
    ? './look-ahead-thread.ts'
    : './look-ahead-thread.js';
  const cache = getCompileCacheDir();
  const thread = new Worker(bootstrap, {
    eval: true,
    workerData: {
      ...task,
      module: new URL(file, import.meta.url).href,
      // The folder that was asked for: Node.js adds one of its version to it.
      cache: cache && dirname(cache),
    },
    // Flags of this process, such as --input-type, may fit no file.
    execArgv: [],
  });
  thread.on('error', () => undefined);
  // The thread sends a message once its descriptors are closed; where it broke, it just ends.
  const ended = new Promise<void>((resolve) => {
    thread.once('message', () => resolve()).once('exit', () => resolve());
  });
  thread.unref();
  return {
    take(port) {
      const known = Atomics.exchange(table, port, taken);
      return known === outcome.open || known === outcome.refused ? known : undefined;
    },
    async [Symbol.asyncDispose]() {
      Atomics.store(table, stopAt, 1);
      thread.ref();
      await ended;
      thread.unref();
    },
  };
}

/** An engine that probes only the ports whose outcome the thread does not know. */
export function withLookAhead(engine: Engine, ahead: LookAhead | undefined): Engine {
  if (!ahead) return engine;
  return {
    ...engine,
    start: (slot, address, port) => ahead.take(port) ?? engine.start(slot, address, port),
  };
}

/** Probes the ports of a task that are still free, until none is left or it is stopped. */
export function lookAhead({ table, address, ports }: LookAheadTask, engine: Engine): void {
  const host = engineAddress(address);
  // From the end: the scan probes the ports in its own order, and begins anywhere.
  for (const port of ports.toReversed()) {
    if (Atomics.load(table, stopAt) !== 0) return;
    if (Atomics.load(table, port) !== 0) continue;
    const result = engine.start(0, host, port);
    // Where this machine drops its own packets, no answer comes at once.
    if (result === outcome.pending) return;
    if (result !== outcome.open && result !== outcome.refused) continue;
    Atomics.compareExchange(table, port, 0, result);
  }
}

function paysOff(config: NetworkScanConfig, plan: ScanPlan): boolean {
  return (
    process.platform === 'linux' &&
    (config.engine === 'auto' || config.engine === 'epoll') &&
    !config.discovery_only &&
    plan.hostCount === 1 &&
    plan.ports.tcp.length >= leastPorts &&
    // A limit counts for both threads together.
    config.rate === 0 &&
    Math.min(config.parallelism, config.host_parallelism) > 1 &&
    engineAddress(plan.addressAt(0)).isLoopback &&
    availableParallelism() > 1
  );
}
