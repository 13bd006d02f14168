import { isLoopback } from '../../core/refused.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { parseTarget } from '../../core/targets.ts';

/**
 * TCP ports of which a host that is up most often opens or refuses one: web, remote shells,
 * Windows, mail, names, proxies. Two more are taken from the ports that the scan asks for.
 */
const askedFirst = [443, 80, 22, 445, 3389, 8080, 53, 139, 25, 135];
const askedFromRequest = 2;

/** The ports that decide whether a host is there. */
export function discoveryPorts(requested: readonly number[]): number[] {
  return [...new Set([...askedFirst, ...requested.slice(0, askedFromRequest)])];
}

/**
 * Whether a host is asked if it is there before its ports are: not where the user named it, not
 * loopback, and not where the scan asks for fewer ports than that would take.
 */
export function needsDiscovery(
  config: NetworkScanConfig,
  host: { readonly addr: string; readonly isNamed: boolean },
  requestedTcp: number,
): boolean {
  if (config.discovery_only) return true;
  if (config.assume_up === 'all' || host.isNamed || isLoopbackAddress(host.addr)) return false;
  return requestedTcp === 0 || requestedTcp > askedFirst.length;
}

function isLoopbackAddress(addr: string): boolean {
  const target = parseTarget(addr);
  return target.kind === 'range' && isLoopback(target.range);
}
