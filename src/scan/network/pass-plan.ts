import type { PortSet } from '../../core/ports.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import { discoveryPorts } from './discovery-ports.ts';
import type { PassSettings } from './pass.ts';
import { portList } from './port-list.ts';

/** UDP probes at once to one host: it may answer about one refusal per second. */
const udpPerHost = 4;

/** The passes over each host. */
export interface PassPlan {
  readonly discovery: PassSettings;
  /** One for each transport that the user asked for. */
  readonly ports: readonly PassSettings[];
  /** Ports of all of them. */
  readonly portCount: number;
}

/** Lays out what each host of a scan is probed on. */
export function planPasses(config: NetworkScanConfig, { tcp, udp }: PortSet): PassPlan {
  const { seed, retries, host_parallelism: parallelism } = config;
  const common = { isDiscovery: false, retries, withTimes: config.record_all };
  const passes: readonly PassSettings[] = [
    { ...common, list: portList(tcp, 'tcp', seed), parallelism },
    { ...common, list: portList(udp, 'udp', seed), parallelism: Math.min(udpPerHost, parallelism) },
  ];
  return {
    discovery: {
      list: portList(discoveryPorts(tcp), 'tcp', seed),
      isDiscovery: true,
      parallelism,
      retries,
      withTimes: false,
    },
    ports: passes.filter(({ list }) => list.size > 0),
    portCount: tcp.length + udp.length,
  };
}
