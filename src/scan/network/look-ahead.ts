import { getCompileCacheDir } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ScanPlan } from '../../core/plan.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { type Engine, withStart } from './engine.ts';
import { isLoopback } from './epoll-engine.ts';
import { engineAddress } from './host.ts';
import { type Outcome, outcome } from './outcome.ts';

/** Fewer ports are asked before a thread has started. */
const leastPorts = 8192;
/** In the table: the scan's own thread has asked this port, or is about to. */
const taken = 255;
/** Where the table says that the thread is to stop; the places before it are ports. */
const stopAt = 65_536;

/**
 * A second thread that asks ports of one loopback address, so that the scan's own thread finds the
 * answers there. On loopback a connect is work of this machine's kernel alone, 10 µs a port, which
 * two cores do in half of the time.
 *
 * The contract is a table of one byte a port: 0 asked by nobody, `taken`, or an outcome. The thread
 * asks ports that are 0 and notes what is certain (open, refused); the scan takes every port
 * exactly once, and asks those itself for which nothing is noted. A thread that dies or never
 * starts makes the scan slower, nothing else.
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

/** What the thread is handed. */
export interface LookAheadTask {
  readonly table: Uint8Array<SharedArrayBuffer>;
  readonly address: string;
  readonly ports: Uint16Array;
}

/**
 * Starts to look ahead where that pays: all or most ports of one loopback address, without limits.
 * Only begins, and waits for nothing.
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
  // The thread says something once its descriptors are closed; where it broke, it just ends.
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

/** An engine that asks only what was not found out ahead. */
export function withLookAhead(engine: Engine, ahead: LookAhead | undefined): Engine {
  if (!ahead) return engine;
  return withStart(engine, (slot, address, port) => {
    return ahead.take(port) ?? engine.start(slot, address, port);
  });
}

/** Asks the ports of a task that nobody has asked yet, until there are none or it is to stop. */
export function lookAhead({ table, address, ports }: LookAheadTask, engine: Engine): void {
  const host = engineAddress(address);
  // From the end: the scan goes through the ports in an order of its own, and begins anywhere.
  for (let i = ports.length - 1; i >= 0 && Atomics.load(table, stopAt) === 0; i--) {
    const port = ports[i]!;
    if (Atomics.load(table, port) !== 0) continue;
    const result = engine.start(0, host, port);
    // Where this machine drops its own packets, there is nothing to be had at once.
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
    // Whoever limits how much goes on at once, means both threads.
    config.rate === 0 &&
    Math.min(config.parallelism, config.host_parallelism) > 1 &&
    isLoopback(engineAddress(plan.addressAt(0))) &&
    availableParallelism() > 1
  );
}
