import { tryParseAddress } from '../core/address.ts';
import type { ScanEvent } from '../core/events.ts';
import { portStates, reasons, transports } from '../core/states.ts';
import { csvFields } from './csv-fields.ts';
import { asCount, asPort, asText, asTime, asWord, given } from './object.ts';
import { type ParseRecord, type RecordContext, recordImporter } from './records.ts';
import { firstLines } from './sniff.ts';

/** What the columns of a CSV file may be called, by what they mean. */
export const csvColumns = {
  address: ['address', 'addr', 'ip', 'ip_address', 'ipaddress', 'host_ip', 'saddr'],
  hostname: ['hostname', 'host', 'domain', 'name', 'fqdn'],
  port: ['port', 'portid', 'port_number', 'sport'],
  transport: ['transport', 'protocol', 'proto'],
  state: ['state', 'status', 'port_state'],
  reason: ['reason'],
  service: ['service', 'service_name'],
  product: ['product'],
  version: ['version'],
  extra_info: ['extra_info', 'extrainfo', 'info'],
  cpe: ['cpe'],
  confidence: ['confidence'],
  method: ['method'],
  mac: ['mac', 'mac_address'],
  vendor: ['vendor'],
  os: ['os', 'os_family', 'operating_system'],
  asn: ['asn'],
  org: ['org', 'organization', 'as_org'],
  first_seen: ['first_seen', 'first_seen_ms'],
  last_seen: ['last_seen', 'last_seen_ms', 'timestamp', 'time', 'date', 'seen', 'scanned_at'],
} as const;
type Column = keyof typeof csvColumns;

/** CSV with a header that names at least an address: a port a line or, without ports, a host. */
export const csv = recordImporter({
  name: 'csv',
  title: 'CSV with a header (address, port, …)',
  sniff: (head) => {
    const [first = ''] = firstLines(head);
    return headerOf(first)?.has('address') === true;
  },
  newParser,
});

function newParser(): ParseRecord {
  let header: Header | undefined;
  return (text, context) => {
    if (/^\s*$/.test(text)) return [];
    if (!header) {
      header = headerOf(text);
      if (header?.has('address')) return [];
      header = undefined;
      return 'no header with a column "address" (or "ip", "addr")';
    }
    const fields = csvFields(text, header.separator);
    if (!fields) return 'a quote is not closed: fields with line breaks are not read';
    return rowEvents((column) => fields[header?.at(column) ?? -1]?.trim() || undefined, context);
  };
}

interface Header {
  readonly separator: string;
  has(column: Column): boolean;
  at(column: Column): number | undefined;
}

function headerOf(line: string): Header | undefined {
  const bare = line.replace(/^\uFEFF/, '');
  const separator = [',', ';', '\t'].find((each) => bare.includes(each)) ?? ',';
  const names = csvFields(bare, separator)?.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/^#\s*/, '')
      .replace(/[\s-]+/g, '_'),
  );
  if (!names) return undefined;
  const places = new Map<Column, number>();
  for (const [column, words] of Object.entries(csvColumns)) {
    const found = words.map((word) => names.indexOf(word)).find((place) => place >= 0);
    if (found !== undefined) places.set(column as Column, found);
  }
  return { separator, has: (column) => places.has(column), at: (column) => places.get(column) };
}

type Field = (column: Column) => string | undefined;

function rowEvents(field: Field, context: RecordContext): readonly ScanEvent[] | string {
  const addr = field('address') ?? '';
  if (!tryParseAddress(addr)) return `"${addr}" is no address`;
  const last = context.time(asTime(field('last_seen')));
  const at = { run_id: context.runId, addr };
  const host = hostEvent(field, at, last);
  const text = field('port');
  if (text === undefined) return [host];
  // "443/tcp" too.
  const [number, word] = text.split('/');
  const port = asPort(number);
  if (port === undefined) return `"${text}" is no port`;
  const protocol = word ?? field('transport') ?? 'tcp';
  const transport = asWord(transports, protocol);
  if (!transport) return `"${protocol}" is neither tcp nor udp`;
  const given_state = field('state') ?? 'open';
  const state = asWord(portStates, given_state);
  if (!state) return `"${given_state}" is no state of a port`;
  const first = Math.min(last, asTime(field('first_seen')) ?? last);
  const reason = asWord(reasons, field('reason'));
  const service = serviceOf(field);
  const about = { transport, port, state, ...given({ reason, service }) };
  const event: ScanEvent = { type: 'scan.port', ...at, ...about, t_first: first, t_last: last };
  return Object.keys(host).length > minimalHost ? [event, host] : [event];
}

/** Fields of a `scan.host` that says nothing but that it is up. */
const minimalHost = 6;

function hostEvent(
  field: Field,
  at: { run_id: string; addr: string },
  t: number,
): Extract<ScanEvent, { type: 'scan.host' }> {
  return {
    type: 'scan.host',
    ...at,
    state: asWord(['up', 'down'] as const, field('state')) ?? 'up',
    reason: 'unknown',
    t,
    ...given({
      hostname: asText(field('hostname')),
      mac: field('mac')?.toLowerCase().slice(0, 40),
      vendor: field('vendor'),
      os_family: field('os'),
      asn: asCount(field('asn')?.replace(/^AS/i, '')),
      org: field('org'),
    }),
  };
}

function serviceOf(field: Field) {
  const name = field('service');
  if (name === undefined) return undefined;
  const confidence = Number(field('confidence') ?? Number.NaN);
  return {
    name,
    ...given({
      product: field('product'),
      version: field('version'),
      extra_info: field('extra_info'),
      cpe: field('cpe'),
      confidence: confidence >= 0 && confidence <= 1 ? confidence : undefined,
      method: field('method')?.slice(0, 40),
    }),
  };
}
