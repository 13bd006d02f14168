import { isAddress } from '../../core/address.ts';
import { omitUndefined } from '../../core/omit-undefined.ts';
import type { ScanEvent } from '../../core/events.ts';
import { portStates, reasons, transports } from '../../core/states.ts';
import { csvFields } from './csv-fields.ts';
import { type Column, type CsvHeader, csvHeader } from './csv-header.ts';
import { csvRows } from './csv-rows.ts';
import { asCount, asNumberTo, asPort, asText, asTime, asWord } from '../json-object.ts';
import { type ParseRecord, type RecordContext, recordImporter } from '../records.ts';
import { firstLines } from '../sniff.ts';

/** CSV with a header that names at least an address: one port per line or, without ports, one host. */
export const csv = recordImporter({
  name: 'csv',
  title: 'CSV with a header (address, port, …)',
  sniff(head) {
    const [line = ''] = firstLines(head);
    return !line.trimStart().startsWith('{') && csvHeader(line)?.has('address') === true;
  },
  newParser,
  join: csvRows,
});

function newParser(): ParseRecord {
  let header: CsvHeader | undefined;
  return (text, context) => {
    if (/^\s*$/.test(text)) return [];
    if (!header) {
      header = csvHeader(text);
      if (header?.has('address')) return [];
      header = undefined;
      return 'no header with a column "address" (or "ip", "addr")';
    }
    const fields = csvFields(text, header.separator);
    if (!fields) return 'a quote is not closed, or a closing quote is followed by text';
    const { width } = header;
    if (fields.length < width || fields.slice(width).some((field) => field !== '')) {
      return `it has ${fields.length} fields, but the header has ${width}`;
    }
    return rowEvents((column) => fields[header?.at(column) ?? -1]?.trim() || undefined, context);
  };
}

type Field = (column: Column) => string | undefined;

function rowEvents(field: Field, context: RecordContext): readonly ScanEvent[] | string {
  const addr = field('address') ?? '';
  if (!isAddress(addr)) return `"${addr}" is not an address`;
  const [first, last] = [field('first_seen'), field('last_seen')];
  const [firstSeen, lastSeen] = [timeOf(first), timeOf(last)];
  if (Number.isNaN(firstSeen)) return noTime(first);
  if (Number.isNaN(lastSeen)) return noTime(last);
  const t = context.time(lastSeen);
  const at = { run_id: context.runId, addr };
  const host = hostEvent(field, at, t);
  const text = field('port');
  if (text === undefined) return [host];
  // "443/tcp" too.
  const [number, word] = text.split('/');
  const port = asPort(number);
  if (port === undefined) return `"${text}" is not a port`;
  const protocol = word ?? field('transport') ?? 'tcp';
  const transport = asWord(transports, protocol);
  if (!transport) return `"${protocol}" is neither tcp nor udp`;
  const given_state = field('state') ?? 'open';
  const state = asWord(portStates, given_state);
  if (!state) return `"${given_state}" is not a state of a port`;
  const reason = asWord(reasons, field('reason'));
  const service = serviceOf(field);
  const about = { transport, port, state, ...omitUndefined({ reason, service }) };
  const event: ScanEvent = {
    type: 'scan.port',
    ...at,
    ...about,
    t_first: Math.min(t, firstSeen ?? t),
    t_last: t,
  };
  return Object.keys(host).length > minimalHost ? [event, host] : [event];
}

/** Fields of a `scan.host` that only says that the host is up. */
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
    ...omitUndefined({
      hostname: asText(field('hostname')),
      mac: field('mac')?.toLowerCase().slice(0, 40),
      vendor: field('vendor'),
      os_family: field('os'),
      asn: asCount(field('asn')?.replace(/^AS/i, '')),
      org: field('org'),
    }),
  };
}

/** A date without dashes; as seconds, such numbers are in 1970. */
const day = /^((?:19|20)\d\d)(\d\d)(\d\d)$/;
/** A year, or any shorter number, is hardly a time in seconds. */
const fewDigits = /^\d{1,8}$/;

/** NaN if a text is not a time. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const dashed = text.replace(day, '$1-$2-$3');
  return (fewDigits.test(dashed) ? undefined : asTime(dashed)) ?? Number.NaN;
}

function noTime(text: string | undefined): string {
  return `"${text}" is not a time: use an ISO 8601 date or a number since 1970`;
}

const softwareColumns = ['product', 'version', 'extra_info', 'cpe'] as const;

function serviceOf(field: Field) {
  const isKnown = softwareColumns.some((column) => field(column) !== undefined);
  const name = field('service') ?? (isKnown ? 'unknown' : undefined);
  if (name === undefined) return undefined;
  return {
    name,
    ...omitUndefined({
      product: field('product'),
      version: field('version'),
      extra_info: field('extra_info'),
      cpe: field('cpe'),
      confidence: asNumberTo(1, field('confidence')),
      method: field('method')?.slice(0, 40),
    }),
  };
}
