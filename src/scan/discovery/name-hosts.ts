import { isLoopback, parseAddress } from '../../core/address.ts';
import type { ScanEvent, ScanHost } from '../../core/events.ts';
import { reverseLookup } from './reverse-dns.ts';

/** Fills in the names of hosts that are up and have none yet, from reverse DNS. */
export async function* nameHosts(
  batches: AsyncIterable<readonly ScanEvent[]>,
  signal: AbortSignal,
): AsyncIterable<readonly ScanEvent[]> {
  const lookup = reverseLookup();
  for await (const batch of batches) {
    const unnamed = batch.flatMap((event) =>
      isUnnamed(event) && event.state === 'up' && !isLoopback(parseAddress(event.addr))
        ? [event.addr]
        : [],
    );
    const names = await lookup(unnamed, signal);
    yield names.size === 0 ? batch : batch.map((event) => named(event, names));
  }
}

function isUnnamed(event: ScanEvent): event is ScanHost {
  return event.type === 'scan.host' && !event.hostname;
}

function named(event: ScanEvent, names: ReadonlyMap<string, string>): ScanEvent {
  if (!isUnnamed(event)) return event;
  const hostname = names.get(event.addr);
  return hostname === undefined ? event : { ...event, hostname };
}
