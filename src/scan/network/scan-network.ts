import type { ScanEvent } from '../../core/events.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { newConversations } from './probe-queue.ts';
import { createTcpEngine } from './create-engine.ts';
import { discoveryPorts } from './discovery.ts';
import type { Engine } from './engine.ts';
import { looksAllOpen } from './host-events.ts';
import { finishHostIfDone, finishPass, finishUnit, openHost, report, takeAnswer } from './hosts.ts';
import { startLookAhead, withLookAhead } from './look-ahead.ts';
import type { NetworkScan, NetworkScanContext } from './network-scan.ts';
import { portList } from './port-list.ts';
import { newScheduler, type Scheduler } from './scheduler.ts';
import { udpEngine } from './udp-engine.ts';
import { newUnitQueue, type UnitQueue } from './unit-queue.ts';

/** How long the loop works before the event loop gets a turn, ms. */
const turnMs = 6;
/** How long the loop sleeps where nothing moves, ms. */
const idleMs = 1;
/** How often hosts are looked at for their timeout, ms. */
const sweepMs = 100;
/** How long an aborted scan waits for conversations to end, ms. */
const abortGraceMs = 500;

/**
 * Finds hosts and open ports with TCP connects and UDP datagrams, and asks open ports what they
 * are: one batch of events for each unit (see `Scanner`). Which answer means what stands in
 * `outcome.ts`. Runs beside its consumer, a few units ahead of it.
 *
 * @throws AppError INVALID_TARGET, INVALID_PORTS for a configuration that cannot be read;
 *   UNSUPPORTED where the engine that it names cannot be had here
 */
export async function* scanNetwork(
  config: NetworkScanConfig,
  context: NetworkScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  await using ahead = startLookAhead(config, context.plan);
  const tcp = withLookAhead(await createTcpEngine(config), ahead);
  await using units = newUnitQueue(context.units);
  const scan = newNetworkScan({ config, context, units, tcp });
  const loop = runLoop(scan);
  try {
    for (;;) {
      const batch = scan.finished.shift();
      if (batch) {
        yield batch;
      } else if (scan.isStopped) {
        break;
      } else {
        await new Promise<void>((resolve) => (scan.wake = resolve));
      }
    }
    await loop; // throws what broke it
  } finally {
    scan.isStopped = true;
    scan.wake();
    await loop.catch(() => undefined);
  }
}

function newNetworkScan(parts: {
  config: NetworkScanConfig;
  context: NetworkScanContext;
  units: UnitQueue;
  tcp: Engine;
}): NetworkScan {
  const { config, context, units, tcp } = parts;
  const { plan } = context;
  const { ports } = plan;
  const scan: NetworkScan = {
    config,
    context,
    plan,
    lists: {
      tcp: portList(ports.tcp, 'tcp', config.seed),
      udp: portList(ports.udp, 'udp', config.seed),
      discovery: portList(discoveryPorts(ports.tcp), 'tcp', config.seed),
    },
    named: new Set(config.named),
    units,
    engines: { tcp, udp: udpEngine(tcp.capacity) },
    open: new Set(),
    finished: [],
    scheduler: undefined as never,
    conversations: undefined,
    current: undefined,
    hostCount: 0,
    isStopped: false,
    sweptAtMs: 0,
    wake: () => undefined,
  };
  scan.scheduler = schedulerFor(scan);
  if (config.probe && context.probePort) {
    scan.conversations = newConversations({
      // A conversation is more to a host than a connect: a quarter as many at once.
      perHost: Math.ceil(config.host_parallelism / 4),
      probePort: context.probePort,
      signal: context.signal,
      isHeld: (host) => !host.scan.isDone && looksAllOpen(host.scan),
      onEnded: (host) => finishHostIfDone(scan, host),
    });
  }
  return scan;
}

function schedulerFor(scan: NetworkScan): Scheduler {
  const { config, engines } = scan;
  return newScheduler({
    tcp: engines.tcp,
    udp: engines.udp,
    parallelism: engines.tcp.capacity,
    rate: config.rate,
    timeoutMs: config.timeout_ms,
    retryDelayMs: config.retry_delay_ms,
    progress: scan.context.progress,
    openHost: () => openHost(scan),
    onAnswer: (pass, index, result) => takeAnswer(scan, { pass, index, result }),
    onFinished: (pass) => finishPass(scan, pass),
  });
}

/** Turns until everything is done, or the caller or the signal stops it. Closes the engines. */
async function runLoop(scan: NetworkScan): Promise<void> {
  const { signal } = scan.context;
  try {
    let isIdle = false;
    while (!scan.isStopped && !signal.aborted) {
      // The turn always follows a poll of the event loop: see Engine.poll.
      if (isIdle) await idle(scan.engines);
      await new Promise(setImmediate);
      isIdle = runTurns(scan) === 0;
      if (isScanDone(scan)) break;
    }
    if (signal.aborted && !scan.isStopped) await closePartialUnits(scan);
  } finally {
    scan.engines.tcp.close();
    scan.engines.udp.close();
    scan.isStopped = true;
    scan.wake();
  }
}

function runTurns(scan: NetworkScan): number {
  const endMs = performance.now() + turnMs;
  let moved = 0;
  for (;;) {
    const now = scan.scheduler.turn();
    moved += now;
    if (now === 0) break;
    if (performance.now() > endMs) break;
  }
  if (scan.config.host_timeout_ms > 0) sweepTimedOut(scan);
  return moved;
}

function isScanDone(scan: NetworkScan): boolean {
  if (scan.open.size > 0) return false;
  return scan.units.isExhausted;
}

/** Gives up hosts that took too long. */
function sweepTimedOut(scan: NetworkScan): void {
  const nowMs = performance.now();
  if (nowMs - scan.sweptAtMs < sweepMs) return;
  scan.sweptAtMs = nowMs;
  const limit = Date.now() - scan.config.host_timeout_ms;
  for (const unit of scan.open) {
    for (const host of unit.active) {
      if (host.isTimedOut || host.startedAt > limit || host.scan.isDone) continue;
      host.isTimedOut = true;
      scan.scheduler.closePass(host.scan);
    }
  }
}

/** Hands over what was found until the scan was told to stop. */
async function closePartialUnits(scan: NetworkScan): Promise<void> {
  if (scan.conversations && scan.conversations.running > 0) {
    await Promise.race([scan.conversations.settled(), pause(abortGraceMs)]);
  }
  for (const unit of scan.open) {
    for (const host of unit.active) {
      host.isDone = true;
      report(scan, host);
    }
    finishUnit(scan, unit, 'partial');
  }
}

/** Waits until there may be something to do. */
function idle({ tcp, udp }: NetworkScan['engines']): Promise<void> {
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
