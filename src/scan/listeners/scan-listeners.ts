import { hostname, networkInterfaces } from 'node:os';
import { compareAddresses, parseAddress } from '../../core/address.ts';
import type { RunUnit, ScanEvent, ScanHost, ScanPort } from '../../core/events.ts';
import { findProcess, listListeners } from '../../listeners/list-listeners.ts';
import type { Listener } from '../../listeners/listener.ts';
import type { ScanContext } from '../scanner.ts';

/** The scan type of a look at this machine's own listeners. */
export const listenersScanType = 'listeners';

/** What a listeners scan looks at: the kernel's whole table, so that it covers every port. */
export interface ListenersScanConfig {
  /** Addresses of this machine, ascending. */
  readonly targets: readonly string[];
  /** A port list that `parsePorts` reads: all of both transports. */
  readonly ports: string;
}

/** The configuration of a listeners scan of this machine: its addresses as they are now. */
export function listenersScanConfig(): ListenersScanConfig {
  const addresses = new Set(['127.0.0.1', '::1']);
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address, scopeid } of entries ?? []) {
      // A link-local address means something only together with its interface.
      if (!scopeid) addresses.add(address);
    }
  }
  return { targets: sorted(addresses), ports: '-,U:-' };
}

/**
 * A scanner that asks the kernel instead of the network: one unit with all of the machine's
 * listening sockets. A socket that is bound to every address is a port of every one of them; one
 * on `::` also takes IPv4, unless a socket of its own listens there.
 */
export async function* scanListeners(
  { targets }: ListenersScanConfig,
  { runId, progress, signal, onOpenPort }: Omit<ScanContext, 'units'>,
): AsyncIterable<readonly ScanEvent[]> {
  const start = Date.now();
  const listeners = await listListeners({ signal });
  const ports = await portsOf(listeners, targets, { runId, t: start });
  for (const { addr, port } of ports) onOpenPort?.(addr, port);
  const hosts = targets.map((addr): ScanHost => {
    return {
      type: 'scan.host',
      run_id: runId,
      addr,
      state: 'up',
      reason: 'localhost-response',
      hostname: hostname(),
      t: start,
    };
  });
  progress.hostsDone += targets.length;
  progress.hostsUp += targets.length;
  progress.portsOpen += ports.length;
  yield [...hosts, ...ports, unitOf(runId, { targets, ports, start })];
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
  done: { targets: readonly string[]; ports: readonly ScanPort[]; start: number },
): RunUnit {
  return {
    type: 'run.unit',
    run_id: runId,
    unit: 0,
    first: 0,
    last: done.targets.length - 1,
    status: 'completed',
    t_start: done.start,
    t_end: Date.now(),
    counts: {
      hosts: done.targets.length,
      hosts_up: done.targets.length,
      ports_open: done.ports.length,
    },
  };
}

function sorted(addresses: Iterable<string>): string[] {
  return [...addresses].sort((a, b) => compareAddresses(parseAddress(a), parseAddress(b)));
}
