import { csvFields } from './csv-fields.ts';

/** Accepted names for each column of a CSV file. */
const csvColumns = {
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
export type Column = keyof typeof csvColumns;

/** The positions of a file's columns. */
export interface CsvHeader {
  readonly separator: string;
  /** Number of columns. */
  readonly width: number;
  has(column: Column): boolean;
  at(column: Column): number | undefined;
}

/** Parses a line as a header; undefined if a quoted field does not end on it. */
export function csvHeader(line: string): CsvHeader | undefined {
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
  const places = new Map<string, number>();
  for (const [column, words] of Object.entries(csvColumns)) {
    const found = words.map((word) => names.indexOf(word)).find((place) => place >= 0);
    if (found !== undefined) places.set(column, found);
  }
  return {
    separator,
    width: names.length,
    has: (column) => places.has(column),
    at: (column) => places.get(column),
  };
}
