import type { ImportChunk } from '../../src/core/event-batch.ts';
import { scanEvent, type ScanEvent } from '../../src/core/events.ts';
import { portStates, reasons, transports } from '../../src/core/states.ts';
import { importers, sniff } from '../../src/import/importers.ts';

export interface Found {
  readonly format: string;
  readonly events: readonly ScanEvent[];
  readonly ports: readonly string[];
  readonly last: ImportChunk;
}

export async function chunksOf(text: string | Buffer, format?: string): Promise<ImportChunk[]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += 1000) yield bytes.subarray(i, i + 1000);
  }
  const importer = importers.find(({ name }) => name === format) ?? sniff(bytes, 'test');
  const input = { chunks: chunks(), bytesRead: () => bytes.length, isCutOff: () => false };
  return Array.fromAsync(importer.read({ ...input, modifiedAt: 1_600_000_000_000, name: 'test' }));
}

/** Everything in a text: ports as `address transport port state reason service t`. */
export async function read(text: string): Promise<Found> {
  const chunks = await chunksOf(text);
  const ports = chunks.flatMap(({ batch: { ports: p } }) =>
    Array.from({ length: p.length }, (_, i) =>
      [
        p.addresses[p.address[i]!],
        transports[p.transport[i]!],
        p.port[i],
        portStates[p.state[i]!],
        reasons[p.reason[i]!] ?? '-',
        p.services[p.service[i]!]?.name ?? '-',
        p.last[i],
      ].join(' '),
    ),
  );
  const events = chunks.flatMap(({ batch }) => batch.events);
  for (const event of events) scanEvent.parse(event);
  return { format: sniff(Buffer.from(text), 'test').name, events, ports, last: chunks.at(-1)! };
}

export function ofType<T extends ScanEvent['type']>(
  { events }: Found,
  type: T,
): Extract<ScanEvent, { type: T }>[] {
  return events.filter((event) => event.type === type) as Extract<ScanEvent, { type: T }>[];
}

export const seconds = 1_700_000_000;
