import { csvLine } from '../core/csv.ts';
import type { ScanEvent, Service } from '../core/events.ts';

/** Formats that a scan's events are exported in. */
const eventFormats = ['jsonl', 'json', 'csv'] as const;
export type EventFormat = (typeof eventFormats)[number];

/** Characters per block, because one write per event would cost more than producing it. */
const blockLength = 65_536;

/**
 * Events as text: `jsonl` (version 1, what `import` reads), `json` (one array of the same objects),
 * or `csv` (one row per port). Memory holds one block of text.
 */
export function exportEvents(
  events: AsyncIterable<ScanEvent>,
  format: EventFormat,
): AsyncGenerator<string> {
  const write = { jsonl: jsonLines, json: jsonArray, csv: portRows }[format];
  return blocks(write(events));
}

async function* jsonLines(events: AsyncIterable<ScanEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}

async function* jsonArray(events: AsyncIterable<ScanEvent>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const event of events) {
    yield `${before}${JSON.stringify(event)}`;
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

const columns = [
  'run_id',
  'address',
  'transport',
  'port',
  'state',
  'reason',
  'service',
  'product',
  'version',
  'confidence',
  'first_seen',
  'last_seen',
];

/** With a header; times are ISO 8601. */
async function* portRows(events: AsyncIterable<ScanEvent>): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const event of events) {
    if (event.type !== 'scan.port') continue;
    const { run_id, addr, transport, port, state, reason, t_first, t_last } = event;
    const service: Service | undefined = event.service;
    const times = [t_first, t_last].map((t) => new Date(t).toISOString());
    const what = [service?.name, service?.product, service?.version, service?.confidence];
    const row = [run_id, addr, transport, port, state, reason, ...what, ...times];
    yield csvLine(row);
  }
}

async function* blocks(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let block = '';
  for await (const text of texts) {
    block += text;
    if (block.length < blockLength) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}
