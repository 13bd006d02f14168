import type { ScanEvent, Service } from '../core/events.ts';

/** Formats that a scan's events are exported in. */
export const eventFormats = ['jsonl', 'json', 'csv'] as const;
export type EventFormat = (typeof eventFormats)[number];

/** Characters that are handed on at a time: one write an event would cost more than making it. */
const blockLength = 65_536;

/**
 * Events as text: `jsonl` (version 1, what `import` reads), `json` (one array of the same objects),
 * or `csv` (a row a port). Memory holds one block of text.
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

/** RFC 4180, with a header; times are ISO 8601. */
async function* portRows(events: AsyncIterable<ScanEvent>): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`;
  for await (const event of events) {
    if (event.type !== 'scan.port') continue;
    const { run_id, addr, transport, port, state, reason, t_first, t_last } = event;
    const service: Service | undefined = event.service;
    const times = [t_first, t_last].map((t) => new Date(t).toISOString());
    const what = [service?.name, service?.product, service?.version, service?.confidence];
    const row = [run_id, addr, transport, port, state, reason, ...what, ...times];
    yield `${row.map(csvField).join(',')}\r\n`;
  }
}

/**
 * A field of CSV. Text that a spreadsheet would run as a formula gets an apostrophe before it: a
 * product's name is what some server on the network chose to say.
 */
function csvField(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
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
