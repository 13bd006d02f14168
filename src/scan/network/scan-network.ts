import type { ScanEvent } from '../../core/events.ts';
import { planScan, type ScanPlan, type Unit } from '../../core/plan.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import type { ScanContext } from '../scanner.ts';
import { type Conversations, newConversations, type ProbePort } from './conversations.ts';
import { createTcpEngine } from './create-engine.ts';
import { discoveryPorts, needsDiscovery } from './discovery.ts';
import type { Engine } from './engine.ts';
import { engineAddress, type Host } from './host.ts';
import { looksAllOpen, reportHost } from './host-events.ts';
import { concludePort, isHostAnswer, isOpen, type Outcome } from './outcome.ts';
import { type PortList, portList } from './port-list.ts';
import { newPortScan, type PortScan } from './port-scan.ts';
import { newScheduler, type Scheduler } from './scheduler.ts';
import { udpEngine } from './udp-engine.ts';
import { closeUnit, isUnitDone, type OpenUnit, openUnit } from './units.ts';

/** What a network scan is handed beside its configuration. */
export interface NetworkScanContext extends ScanContext {
  /** Asks an open TCP port what it is; without it, ports are only found. */
  readonly probePort?: ProbePort | undefined;
}

/** Finished units that the caller has not taken yet; beyond, no new unit begins. */
const untakenUnits = 4;
/** Conversations that may wait before no new host is opened. */
const waitingConversations = 512;
/** Hosts that may be open at once, however few probes each has under way. */
const openHosts = 65_536;
/** UDP probes at once to one host: it may answer about one refusal a second. */
const udpPerHost = 4;
/** How long the loop works before the event loop gets a turn, ms. */
const turnMs = 6;
/** How long the loop sleeps where nothing moves, ms. */
const idleMs = 1;
/** How often hosts are looked at for their timeout, ms. */
const sweepMs = 100;
/** How long an aborted scan waits for conversations to end, ms. */
const abortGraceMs = 500;

interface NetworkScan {
  readonly config: NetworkScanConfig;
  readonly context: NetworkScanContext;
  readonly plan: ScanPlan;
  readonly lists: { tcp: PortList; udp: PortList; discovery: PortList };
  readonly named: ReadonlySet<string>;
  readonly units: Iterator<Unit>;
  readonly engines: { tcp: Engine; udp: Engine };
  readonly open: Set<OpenUnit>;
  readonly finished: (readonly ScanEvent[])[];
  scheduler: Scheduler;
  conversations: Conversations | undefined;
  /** The unit that hosts are opened from. */
  current: OpenUnit | undefined;
  hostCount: number;
  isExhausted: boolean;
  isStopped: boolean;
  sweptAtMs: number;
  /** Wakes whoever waits for a unit. */
  wake: () => void;
}

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
  const plan = planScan(config);
  const tcp = await createTcpEngine({
    engine: config.engine,
    // UDP sockets take their descriptors from the same limit.
    parallelism: config.parallelism,
  });
  const scan = newNetworkScan({ config, context, plan, tcp });
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
  plan: ScanPlan;
  tcp: Engine;
}): NetworkScan {
  const { config, context, plan, tcp } = parts;
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
    units: context.units[Symbol.iterator](),
    engines: { tcp, udp: udpEngine(tcp.capacity) },
    open: new Set(),
    finished: [],
    scheduler: undefined as never,
    conversations: undefined,
    current: undefined,
    hostCount: 0,
    isExhausted: false,
    isStopped: false,
    sweptAtMs: 0,
    wake: () => undefined,
  };
  scan.scheduler = schedulerFor(scan);
  if (config.probe && context.probePort) {
    scan.conversations = newConversations({
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
  return scan.isExhausted;
}

/** Opens the next host, from the next unit where need be. */
function openHost(scan: NetworkScan): boolean {
  if (scan.hostCount >= openHosts) return false;
  if ((scan.conversations?.waiting ?? 0) >= waitingConversations) return false;
  const unit = unitWithHosts(scan);
  if (!unit) return false;
  const position = unit.nextPosition;
  unit.nextPosition += 1;
  const text = scan.plan.addressAt(position);
  const isNamed = scan.named.has(text);
  const host: Host = {
    unit,
    number: position,
    address: engineAddress(text),
    isNamed,
    startedAt: Date.now(),
    scan: undefined as never,
    passes: [],
    inFlight: 0,
    upReason: undefined,
    downReason: undefined,
    isTimedOut: false,
    faultName: undefined,
    faultsInARow: 0,
    faultsSinceMs: 0,
    conversations: 0,
    isDone: false,
    said: [],
    broken: [],
  };
  unit.active.add(host);
  scan.hostCount += 1;
  if (needsDiscovery(scan.config, { addr: text, isNamed }, scan.plan.ports.tcp.length)) {
    const { host_parallelism: parallelism, retries } = scan.config;
    const options = { isDiscovery: true, parallelism, retries, withTimes: false };
    host.scan = newPortScan(host, scan.lists.discovery, options);
    scan.scheduler.queue(host.scan);
  } else {
    beginNextPass(scan, host);
  }
  return true;
}

function unitWithHosts(scan: NetworkScan): OpenUnit | undefined {
  if (scan.current && scan.current.nextPosition <= scan.current.unit.last) return scan.current;
  if (scan.isExhausted || scan.finished.length >= untakenUnits) return undefined;
  const next = scan.units.next();
  if (next.done) {
    scan.isExhausted = true;
    return undefined;
  }
  scan.current = openUnit(next.value);
  scan.open.add(scan.current);
  return scan.current;
}

/** Begins the host's next pass over requested ports; false where there is none left. */
function beginNextPass(scan: NetworkScan, host: Host): boolean {
  const { config, lists } = scan;
  const list = [lists.tcp, lists.udp]
    .filter(({ size }) => size > 0)
    .find(({ transport }) => !host.passes.some((pass) => pass.list.transport === transport));
  if (!list) return false;
  const parallelism =
    list.transport === 'tcp'
      ? config.host_parallelism
      : Math.min(udpPerHost, config.host_parallelism);
  const { retries, record_all: withTimes } = config;
  const options = { isDiscovery: false, parallelism, retries, withTimes };
  host.scan = newPortScan(host, list, options);
  host.passes.push(host.scan);
  scan.scheduler.queue(host.scan);
  return true;
}

function takeAnswer(
  scan: NetworkScan,
  { pass, index, result }: { pass: PortScan; index: number; result: Outcome },
): void {
  const { host, list } = pass;
  if (host.isDone) return;
  const { reason } = concludePort(result, list.transport);
  if (!isHostAnswer(result)) {
    if (reason !== 'unknown') host.downReason ??= reason;
    return;
  }
  if (host.upReason === undefined) {
    host.upReason = reason;
    scan.context.progress.hostsUp += 1;
  }
  if (pass.isDiscovery) {
    if (host.scan === pass) endDiscovery(scan, host);
    return;
  }
  if (!isOpen(result)) return;
  const port = list.portAt(index);
  scan.context.progress.portsOpen += 1;
  scan.context.onOpenPort?.(host.address.text, port);
  if (list.transport === 'tcp') scan.conversations?.add(host, port);
}

/** The host is there: its ports are next. */
function endDiscovery(scan: NetworkScan, host: Host): void {
  host.scan.isClosed = true;
  host.scan.isDone = true;
  if (scan.config.discovery_only || !beginNextPass(scan, host)) finishHost(scan, host);
}

function finishPass(scan: NetworkScan, pass: PortScan): void {
  const { host } = pass;
  const { progress } = scan.context;
  if (pass.isDiscovery) {
    if (!scan.config.discovery_only) {
      progress.probesDone += scan.lists.tcp.size + scan.lists.udp.size;
    }
    finishHost(scan, host);
    return;
  }
  if (!host.isTimedOut && beginNextPass(scan, host)) return;
  if (looksAllOpen(host.passes[0]!)) scan.conversations?.drop(host);
  else scan.conversations?.release(host);
  finishHostIfDone(scan, host);
}

function finishHostIfDone(scan: NetworkScan, host: Host): void {
  if (host.scan.isDone && host.conversations === 0 && !host.scan.isDiscovery) {
    finishHost(scan, host);
  }
}

function finishHost(scan: NetworkScan, host: Host): void {
  if (host.isDone) return;
  host.isDone = true;
  const { unit } = host;
  report(scan, host);
  unit.active.delete(host);
  scan.hostCount -= 1;
  scan.context.progress.hostsDone += 1;
  if (scan.config.discovery_only) scan.context.progress.probesDone += 1;
  if (isUnitDone(unit)) finishUnit(scan, unit, 'completed');
}

function report(scan: NetworkScan, host: Host): void {
  const errorsBefore = host.unit.counts.errors;
  reportHost(host, {
    runId: scan.context.runId,
    hostname: scan.config.hostnames[host.address.text],
    recordAll: scan.config.record_all,
  });
  scan.context.progress.errors += host.unit.counts.errors - errorsBefore;
}

function finishUnit(scan: NetworkScan, unit: OpenUnit, status: 'completed' | 'partial'): void {
  scan.open.delete(unit);
  scan.finished.push(closeUnit(unit, scan.context.runId, status));
  scan.wake();
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
