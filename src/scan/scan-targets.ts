import type { ScanEvent } from '../core/events.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import { nameHosts } from './discovery/name-hosts.ts';
import { pingSilentHosts } from './discovery/ping-silent.ts';
import type { ScanContext } from './scanner.ts';

/**
 * Scans what a configuration names: its ports, then what it adds (ICMP echo for silent hosts, names
 * from reverse DNS).
 *
 * @returns batches of events, one per unit, as the `Scanner` interface says
 */
export async function* scanTargets(
  config: NetworkScanConfig,
  context: ScanContext,
): AsyncGenerator<readonly ScanEvent[]> {
  const { plan } = context;
  const { scanNetwork } = await import('./network/scan-network.ts');
  const probePort = config.probe
    ? (await import('./port-prober.ts')).newPortProber(config, plan)
    : undefined;
  let batches: AsyncIterable<readonly ScanEvent[]> = scanNetwork(config, { ...context, probePort });
  if (config.icmp_ping) batches = pingSilentHosts(batches, plan, context);
  if (config.reverse_dns) batches = nameHosts(batches, context.signal);
  yield* batches;
}
