import { needsDiscovery } from './discovery.ts';
import { engineAddress, type Host } from './host.ts';
import { looksAllOpen, reportHost } from './host-events.ts';
import type { NetworkScan } from './network-scan.ts';
import { concludePort, isHostAnswer, isOpen, type Outcome } from './outcome.ts';
import { newPortScan, type Pass } from './pass.ts';
import { closeUnit, isUnitDone, type OpenUnit, openUnit } from './units.ts';

/** Finished units that the caller has not taken yet; beyond, no new unit begins. */
const untakenUnits = 2;
/** Conversations that may wait before no new host is opened. */
const waitingConversations = 512;
/** Hosts that may be open at once, however few probes each has under way. */
const openHosts = 16_384;
/** UDP probes at once to one host: it may answer about one refusal a second. */
const udpPerHost = 4;
/** Opens the next host, from the next unit where need be. */
export function openHost(scan: NetworkScan): boolean {
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
  if (scan.finished.length >= untakenUnits) return undefined;
  const unit = scan.units.take();
  if (!unit) return undefined;
  scan.current = openUnit(unit);
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

export function takeAnswer(
  scan: NetworkScan,
  { pass, index, result }: { pass: Pass; index: number; result: Outcome },
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

export function finishPass(scan: NetworkScan, pass: Pass): void {
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

export function finishHostIfDone(scan: NetworkScan, host: Host): void {
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

export function report(scan: NetworkScan, host: Host): void {
  const errorsBefore = host.unit.counts.errors;
  reportHost(host, {
    runId: scan.context.runId,
    hostname: scan.config.hostnames[host.address.text],
    recordAll: scan.config.record_all,
  });
  scan.context.progress.errors += host.unit.counts.errors - errorsBefore;
}

export function finishUnit(
  scan: NetworkScan,
  unit: OpenUnit,
  status: 'completed' | 'partial',
): void {
  scan.open.delete(unit);
  scan.finished.push(closeUnit(unit, scan.context.runId, status));
  scan.wake();
}
