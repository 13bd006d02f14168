import { parsePorts, type PortSet, topPorts } from '../core/ports.ts';
import type { ScanSettings } from '../core/scan-settings.ts';
import { topUdpPorts } from '../core/top-ports.ts';
import { AppError } from '../errors.ts';
import type { EngineScope } from './external/engine-scope.ts';

/** How many ports are scanned where the user names none, off this machine. */
const usualCount = 1000;

/**
 * The ports of a scan: those that were requested; else all on loopback, the most common elsewhere.
 *
 * @param scope what the options of another program mean; a list without prefixes is then for each
 *   transport that they scan, as with nmap
 * @throws AppError INVALID_PORTS, USAGE
 */
export function choosePorts(
  { ports, top_ports: top }: ScanSettings,
  isLocal: boolean,
  scope?: EngineScope,
): PortSet {
  if (ports !== undefined && top !== undefined) {
    throw new AppError('USAGE', '--ports and --top-ports exclude each other');
  }
  // Hosts alone: one port stands for the work of each, as in a discovery.
  if (scope?.isDiscovery) return { tcp: [80], udp: [] };
  if (ports !== undefined) return inScope(parsePorts(ports), scope);
  const count = top ?? usualCount;
  const isTop = top !== undefined || !isLocal;
  const { tcp } = isTop && scope?.tcp !== false ? topPorts(count) : parsePorts('-');
  const udp = scope?.udp ? topPorts(Math.min(count, topUdpPorts.length), 'udp').udp : [];
  return { tcp: scope?.tcp === false ? [] : tcp, udp };
}

function inScope(ports: PortSet, scope: EngineScope | undefined): PortSet {
  if (!scope) return ports;
  if (ports.udp.length > 0) {
    if (scope.udp || !scope.tcp) return { tcp: scope.tcp ? ports.tcp : [], udp: ports.udp };
    throw new AppError('USAGE', 'UDP ports (U:…) need -sU among the options of the engine');
  }
  return { tcp: scope.tcp ? ports.tcp : [], udp: scope.udp ? ports.tcp : [] };
}
