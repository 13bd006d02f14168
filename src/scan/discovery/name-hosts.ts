import type { ScanEvent } from '../../core/events.ts';
import { parseAddress } from '../../core/address.ts';
import { isLoopback } from '../../core/refused.ts';
import { reverseLookup } from './reverse-dns.ts';

/** Fills in the names of hosts that are up and have none yet, from reverse DNS. */
export async function* nameHosts(
  batches: AsyncIterable<readonly ScanEvent[]>,
  signal: AbortSignal,
): AsyncIterable<readonly ScanEvent[]> {
  const lookup = reverseLookup();
  for await (const batch of batches) {
    const unnamed = batch.flatMap((event) =>
      event.type === 'scan.host' && event.state === 'up' && !event.hostname && !isLocal(event.addr)
        ? [event.addr]
        : [],
    );
    const names = await lookup(unnamed, signal);
    yield names.size === 0 ? batch : batch.map((event) => named(event, names));
  }
}

function named(event: ScanEvent, names: ReadonlyMap<string, string>): ScanEvent {
  if (event.type !== 'scan.host' || event.hostname) return event;
  const hostname = names.get(event.addr);
  return hostname === undefined ? event : { ...event, hostname };
}

function isLocal(text: string): boolean {
  const { family, value } = parseAddress(text);
  return isLoopback({ family, first: value, last: value });
}
