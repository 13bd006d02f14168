import type { ScanEvent } from '../../core/events.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import type { Transport } from '../../core/states.ts';
import { createTcpEngine } from './create-engine.ts';
import type { Engine } from './engine.ts';
import { Hosts, type NetworkScanContext } from './hosts.ts';
import { startLookAhead, withLookAhead } from './look-ahead.ts';
import { Scheduler } from './port-scheduler.ts';
import { udpEngine } from './udp-engine.ts';
import { newUnitQueue } from './unit-queue.ts';
import { Units } from './units.ts';

/** How long the loop works before the event loop gets a turn, ms. */
const turnMs = 6;
/** How long the loop sleeps where nothing moves, ms. */
const idleMs = 1;

/**
 * Finds hosts and open ports with TCP connects and UDP datagrams, and probes what open ports are:
 * one batch of events for each unit (see `Scanner`). What an answer means for a port is in
 * `port-state.ts`. Runs beside its consumer, a few units ahead of it.
 *
 * @throws AppError INVALID_TARGET, INVALID_PORTS for a configuration that is invalid; UNSUPPORTED
 *   where the engine that it names does not work here
 */
export async function* scanNetwork(
  config: NetworkScanConfig,
  context: NetworkScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  await using ahead = startLookAhead(config, context.plan);
  const tcp = withLookAhead(await createTcpEngine(config), ahead);
  const engines = { tcp, udp: udpEngine(tcp.capacity) };
  await using queue = newUnitQueue(context.units);
  const units = new Units(queue, context.runId);
  const scheduler = new Scheduler({
    engines,
    rate: config.rate,
    timeoutMs: config.timeout_ms,
    retryDelayMs: config.retry_delay_ms,
    progress: context.progress,
  });
  const hosts = new Hosts(config, context, { units, scheduler });
  const loop = runLoop({ hosts, units, scheduler, engines }, context.signal);
  try {
    yield* units.batches();
    await loop; // throws what broke it
  } finally {
    units.close();
    await loop.catch(() => undefined);
  }
}

interface Loop {
  readonly hosts: Hosts;
  readonly units: Units;
  readonly scheduler: Scheduler;
  readonly engines: Readonly<Record<Transport, Engine>>;
}

/** Turns until everything is done, or the caller or the signal stops it. Closes the engines. */
async function runLoop(loop: Loop, signal: AbortSignal): Promise<void> {
  const { hosts, units, engines } = loop;
  try {
    let isIdle = false;
    while (!units.isOver && !signal.aborted) {
      // The turn always follows a poll of the event loop: see Engine.poll.
      if (isIdle) await untilReady(engines);
      await new Promise(setImmediate);
      isIdle = runTurns(loop) === 0;
      hosts.giveUpSlow();
    }
    if (!units.isOver) await hosts.abort();
  } finally {
    engines.tcp.close();
    engines.udp.close();
    units.close();
  }
}

function runTurns({ hosts, scheduler }: Loop): number {
  const endMs = performance.now() + turnMs;
  const openHost = (): boolean => hosts.open();
  let moved = 0;
  for (;;) {
    const now = scheduler.turn(openHost);
    moved += now;
    if (now === 0 || performance.now() > endMs) return moved;
  }
}

/** Waits until there may be something to do. */
function untilReady({ tcp, udp }: Loop['engines']): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, idleMs);
    const wake = (): void => {
      clearTimeout(timer);
      resolve();
    };
    tcp.onceReady?.(wake);
    udp.onceReady?.(wake);
  });
}
