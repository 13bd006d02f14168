import { hostname, networkInterfaces } from 'node:os';
import { compareAddresses, parseAddress } from '../../core/address.ts';
import type { NotShown, RunUnit, ScanEvent, ScanHost, ScanPort } from '../../core/events.ts';
import type { Unit } from '../../core/plan.ts';
import { type NetworkScanConfig, parseScanConfig } from '../../core/scan-config.ts';
import type { Transport } from '../../core/states.ts';
import { findProcess, listListeners } from '../../listeners/list-listeners.ts';
import type { Listener } from '../../listeners/listener.ts';
import type { ScanContext } from '../scanner.ts';

/** The scan type of a scan of this machine's own listeners. */
export const listenersScanType = 'listeners';

/**
 * The configuration of a listeners scan of this machine: its addresses as they are now, and all
 * ports of both transports, since the kernel's whole table is read.
 */
export function listenersScanConfig(): NetworkScanConfig {
  const addresses = new Set(['127.0.0.1', '::1']);
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address, scopeid } of entries ?? []) {
      // A link-local address means something only together with its interface.
      if (!scopeid) addresses.add(address);
    }
  }
  return parseScanConfig({
    targets: sorted(addresses),
    ports: '-,U:-',
    seed: listenersScanType,
    probe: false,
    reverse_dns: false,
  });
}

/**
 * A scanner that reads the kernel's tables instead of probing, one unit per address of the machine. A
 * socket that is bound to every address is a port of each of them; one on `::` also accepts IPv4,
 * unless another socket listens there. All other ports are counted as closed.
 */
export async function* scanListeners(
  _config: NetworkScanConfig,
  { runId, plan, progress, signal, units, onOpenPort }: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const start = Date.now();
  const targets = Array.from({ length: plan.targets.size }, (_, i) => plan.targets.at(i));
  const ports = await portsOf(await listListeners({ signal }), targets, { runId, t: start });
  for await (const unit of units) {
    const events: ScanEvent[] = [];
    for (let position = unit.first; position <= unit.last; position++) {
      const addr = plan.addressAt(position);
      const own = ports.filter((port) => port.addr === addr);
      for (const { port } of own) onOpenPort?.(addr, port);
      events.push(hostOf(addr, own, { runId, t: start }), ...own);
    }
    const hosts = unit.last - unit.first + 1;
    const open = events.length - hosts;
    progress.hostsDone += hosts;
    progress.hostsUp += hosts;
    progress.portsOpen += open;
    yield [...events, unitOf(runId, unit, { hosts, open, start })];
  }
}

function hostOf(
  addr: string,
  own: readonly ScanPort[],
  { runId, t }: { runId: string; t: number },
): ScanHost {
  const reason = 'localhost-response';
  const closed = (transport: Transport): NotShown => {
    const open = own.filter((port) => port.transport === transport).length;
    return { transport, state: 'closed', reason, count: 65_535 - open };
  };
  return {
    type: 'scan.host',
    run_id: runId,
    addr,
    state: 'up',
    reason,
    hostname: hostname(),
    not_shown: [closed('tcp'), closed('udp')],
    t,
  };
}

async function portsOf(
  listeners: readonly Listener[],
  targets: readonly string[],
  { runId, t }: { runId: string; t: number },
): Promise<ScanPort[]> {
  const found = new Map<string, ScanPort>();
  for (const listener of listeners) {
    const { transport, port, pids } = listener;
    const owner = pids[0] === undefined ? undefined : await findProcess(pids[0]);
    for (const addr of addressesOf(listener, { targets, listeners })) {
      found.set(`${addr} ${transport} ${port}`, {
        type: 'scan.port',
        run_id: runId,
        addr,
        transport,
        port,
        state: 'open',
        reason: 'localhost-response',
        ...(owner ? { service: { name: owner.name, method: 'process', confidence: 1 } } : {}),
        t_first: t,
        t_last: t,
      });
    }
  }
  return [...found.values()];
}

/** The machine's addresses on which a socket is reached. */
function addressesOf(
  { address, transport, port }: Listener,
  { targets, listeners }: { targets: readonly string[]; listeners: readonly Listener[] },
): readonly string[] {
  if (address === '0.0.0.0') return targets.filter((target) => !target.includes(':'));
  if (address !== '::') return targets.includes(address) ? [address] : [];
  const isSplit = listeners.some(
    (other) => other.transport === transport && other.port === port && !other.address.includes(':'),
  );
  return isSplit ? targets.filter((target) => target.includes(':')) : targets;
}

function unitOf(
  runId: string,
  unit: Unit,
  { hosts, open, start }: { hosts: number; open: number; start: number },
): RunUnit {
  return {
    type: 'run.unit',
    run_id: runId,
    unit: unit.index,
    first: unit.first,
    last: unit.last,
    status: 'completed',
    t_start: start,
    t_end: Date.now(),
    counts: { hosts, hosts_up: hosts, ports_open: open },
  };
}

function sorted(addresses: Iterable<string>): string[] {
  return [...addresses].sort((a, b) => compareAddresses(parseAddress(a), parseAddress(b)));
}
