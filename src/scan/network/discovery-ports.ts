import type { NetworkScanConfig } from '../../core/scan-config.ts';

/**
 * TCP ports at least one of which most hosts open or refuse: web, remote shells, Windows, mail, names,
 * proxies. Two more are taken from the ports of the scan.
 */
const usualPorts = [443, 80, 22, 445, 3389, 8080, 53, 139, 25, 135];
const portsFromRequest = 2;

/** The ports that decide whether a host is up. */
export function discoveryPorts(requested: readonly number[]): number[] {
  return [...new Set([...usualPorts, ...requested.slice(0, portsFromRequest)])];
}

/**
 * Whether a scan finds out if a host is up before it probes its ports: not where the user named the
 * host, not on loopback, and not where the scan probes fewer ports than that would take.
 */
export function needsDiscovery(
  config: Pick<NetworkScanConfig, 'assume_up' | 'discovery_only'>,
  host: { readonly isLoopback: boolean; readonly isNamed: boolean },
  requestedTcp: number,
): boolean {
  if (config.discovery_only) return true;
  if (config.assume_up === 'all' || host.isNamed || host.isLoopback) return false;
  return requestedTcp === 0 || requestedTcp > usualPorts.length;
}
