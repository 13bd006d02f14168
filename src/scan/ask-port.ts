import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tryParseAddress } from '../core/address.ts';
import type { ScanPlan } from '../core/plan.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import { probePort } from '../probe/probe-port.ts';
import type { ProbePort } from '../probe/probe.ts';

/** How long a connect to a port that was open a moment ago may take at least, ms. */
const patientConnectMs = 3000;

/**
 * Asks ports within a scan's scope: under the names that its user gave the hosts, and following
 * redirects only to the scan's own targets, exclusions left out.
 */
export function askPortOf(config: NetworkScanConfig, plan: ScanPlan): ProbePort {
  const names = new Set(Object.values(config.hostnames));
  const inScope = (url: URL): boolean => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const address = tryParseAddress(host);
    return address ? plan.targets.has(address) : names.has(host);
  };
  const timeoutMs = Math.max(config.timeout_ms, patientConnectMs);
  return (addr, port, signal) =>
    probePort({
      addr,
      port,
      hostname: config.hostnames[addr],
      connect: (connectSignal) => dial(addr, port, { signal: connectSignal, timeoutMs }),
      inScope,
      signal,
    });
}

async function dial(
  host: string,
  port: number,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  try {
    await once(socket, 'connect', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return socket;
  } catch (error) {
    // `once` rejects with the socket's own error, or when one of the signals fires.
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}
