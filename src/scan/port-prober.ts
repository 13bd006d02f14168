import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tryParseAddress } from '../core/address.ts';
import type { ScanPlan } from '../core/plan.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import { probePort } from '../probe/probe-port.ts';
import type { ProbePort } from '../probe/probe.ts';

/** The least time for a connect to a port that was open a moment ago, ms. */
const connectMs = 3000;

/**
 * Probes ports within a scan's scope: under the names that its user gave the hosts, and following
 * redirects only to the scan's own targets, exclusions left out.
 */
export function newPortProber(config: NetworkScanConfig, plan: ScanPlan): ProbePort {
  const names = new Set(Object.values(config.hostnames));
  const inScope = (url: URL): boolean => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const address = tryParseAddress(host);
    return address ? plan.targets.has(address) : names.has(host);
  };
  const timeoutMs = Math.max(config.timeout_ms, connectMs);
  return (addr, port, signal) =>
    probePort({
      addr,
      port,
      hostname: config.hostnames[addr],
      connect: (stop) => dial(addr, port, AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])),
      inScope,
      signal,
    });
}

async function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    // `once` rejects with the socket's own error, or when the signal fires.
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}
