import { canonicalAddress, isAddress } from '../../core/address.ts';
import { omitUndefined } from '../../core/omit-undefined.ts';
import type { ScanTrace } from '../../core/events.ts';
import type { HostPlace } from './host-context.ts';
import { attribute, childOf, childrenOf, countOf, numberOf, type XmlElement } from './xml-tree.ts';

/** The route to a `<host>`; none if it was not traced or no hop answered. */
export function traceEvent(host: XmlElement, { run_id, addr, t }: HostPlace): ScanTrace[] {
  const hops = childrenOf(childOf(host, 'trace'), 'hop').flatMap(toHop);
  return hops.length === 0
    ? []
    : [{ type: 'scan.trace', run_id, addr, hops: hops.slice(0, 256), t }];
}

function toHop(hop: XmlElement): ScanTrace['hops'] {
  const ttl = countOf(hop, 'ttl');
  const address = attribute(hop, 'ipaddr') ?? '';
  if (ttl === undefined || ttl > 255) return [];
  if (!isAddress(address)) return [];
  const rtt = numberOf(hop, 'rtt');
  const known = omitUndefined({
    rtt_ms: rtt !== undefined && rtt >= 0 ? rtt : undefined,
    hostname: attribute(hop, 'host'),
  });
  return [{ ttl, addr: canonicalAddress(address), ...known }];
}
