import { bannerText } from '../core/banner-text.ts';
import { omitUndefined } from '../core/omit-undefined.ts';
import type { ScanEvent, ScanPort, Tls } from '../core/events.ts';
import { portScope } from '../core/scope.ts';
import {
  type AnyObject,
  asCount,
  asObject,
  asPort,
  asText,
  asTexts,
  asTime,
  firstAddress,
  objectsOf,
} from './json-object.ts';
import { objectImporter, type RecordContext } from './records.ts';
import { tlsVersion } from './tls-version.ts';

/** zgrab2: one host per line, with the results of its scans. */
export const zgrab2 = objectImporter({
  name: 'zgrab2',
  title: 'zgrab2',
  matches(line) {
    const scans = Object.values(asObject(line['data']) ?? {});
    const hasStatus = scans.some((scan) => typeof asObject(scan)?.['status'] === 'string');
    return hasStatus && !('rec_type' in line);
  },
  newParser: () => parseLine,
  isChecked: true,
});

/** Default ports of protocols, for older files without port numbers. */
const usualPorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  tls: 443,
  ssh: 22,
  ftp: 21,
  smtp: 25,
  pop3: 110,
  imap: 143,
  telnet: 23,
  mysql: 3306,
  mssql: 1433,
  postgres: 5432,
  redis: 6379,
  mongodb: 27_017,
  oracle: 1521,
  smb: 445,
  ntp: 123,
  modbus: 502,
  bacnet: 47_808,
  dnp3: 20_000,
  fox: 1911,
  siemens: 102,
  ipp: 631,
  amqp091: 5672,
  mqtt: 1883,
};
const datagramProtocols = new Set(['ntp', 'bacnet', 'ipmi', 'snmp', 'dns']);

function parseLine(line: AnyObject, context: RecordContext): readonly ScanEvent[] | string {
  const addr = firstAddress([line['ip'], line['domain']]);
  const domain = asText(line['domain']);
  if (addr === undefined) return `no address for "${domain ?? ''}"`;
  const scans = Object.entries(asObject(line['data']) ?? {});
  const events: ScanEvent[] = [];
  let latest = 0;
  for (const [name, value] of scans) {
    const scan = asObject(value);
    if (!scan) continue;
    const t = context.time(asTime(scan['timestamp']));
    latest = Math.max(latest, t);
    const found = scanEvents(name, scan, { runId: context.runId, addr, domain, t });
    if (typeof found === 'string') return found;
    events.push(...found);
  }
  if (domain !== undefined && domain !== addr && events.some(({ type }) => type === 'scan.port')) {
    const about = { state: 'up', reason: 'syn-ack', hostname: domain } as const;
    events.push({ type: 'scan.host', run_id: context.runId, addr, ...about, t: latest });
  }
  return events;
}

interface Place {
  readonly runId: string;
  readonly addr: string;
  readonly domain: string | undefined;
  readonly t: number;
}

function scanEvents(name: string, scan: AnyObject, place: Place): ScanEvent[] | string {
  const { runId: run_id, addr, t } = place;
  const protocol = asText(scan['protocol']) ?? name;
  const port = asPort(scan['port']) ?? usualPorts[name] ?? usualPorts[protocol];
  if (port === undefined) return `the scan "${name}" does not say its port`;
  const transport = datagramProtocols.has(protocol) ? 'udp' : 'tcp';
  const at: At = { run_id, addr, transport, port };
  const status = asText(scan['status']) ?? 'unknown-error';
  const result = asObject(scan['result']) ?? {};
  const events: ScanEvent[] = [...portEvent(at, { status, protocol, result, t })];
  if (status !== 'success') {
    const message = asText(scan['error']) ?? `zgrab2's ${protocol} scan failed`;
    const scope = portScope(addr, transport, port);
    const code = status.toUpperCase().replaceAll('-', '_');
    return [...events, { type: 'run.error', run_id, scope, code, message, t }];
  }
  const response = asObject(result['response']);
  if (response && protocol.startsWith('http')) {
    return [...events, ...pageEvents(at, response, place)];
  }
  const banner = bannerOf(result);
  if (banner !== undefined) events.push({ type: 'scan.banner', ...at, protocol, banner, t });
  const log = asObject(result['tls']) ?? (protocol === 'tls' ? result : undefined);
  const tls = log && tlsOf(log, place);
  if (tls) events.push({ type: 'scan.tls', ...at, tls, t });
  return events;
}

type At = Pick<ScanPort, 'run_id' | 'addr' | 'transport' | 'port'>;

/** A port event if the outcome shows the port's state: an `io-timeout` comes after connecting. */
function portEvent(
  at: At,
  answer: { status: string; protocol: string; result: AnyObject; t: number },
): ScanEvent[] {
  const { status, protocol, result, t } = answer;
  const times = { t_first: t, t_last: t };
  if (status === 'connection-refused') {
    return [{ type: 'scan.port', ...at, state: 'closed', reason: 'conn-refused', ...times }];
  }
  if (status === 'connection-timeout') {
    return [{ type: 'scan.port', ...at, state: 'filtered', reason: 'no-response', ...times }];
  }
  const isConnected = [
    'success',
    'connection-closed',
    'handshake-error',
    'io-timeout',
    'protocol-error',
    'application-error',
  ].includes(status);
  if (!isConnected || (at.transport === 'udp' && status !== 'success')) return [];
  const reason = at.transport === 'udp' ? 'udp-response' : 'syn-ack';
  const name = serviceName(protocol, result);
  const isKnown = status === 'success' && name !== undefined;
  const about = isKnown ? { service: { name, method: 'banner', ...softwareOf(result) } } : {};
  return [{ type: 'scan.port', ...at, state: 'open', reason, ...about, ...times }];
}

/** The scan "banner" fits any service; HTTP over TLS has a separate name. */
function serviceName(protocol: string, result: AnyObject): string | undefined {
  if (protocol === 'banner') return undefined;
  const request = asObject(asObject(result['response'])?.['request']);
  return protocol === 'http' && isTlsRequest(request) ? 'https' : protocol;
}

function isTlsRequest(request: AnyObject | undefined): boolean {
  const scheme = asObject(request?.['url'])?.['scheme'];
  return asObject(request?.['tls_log']) !== undefined || scheme === 'https';
}

function bannerOf(result: AnyObject): string | undefined {
  const raw = serverId(result)?.['raw'];
  const text = asText(result['banner']) ?? asText(result['start_tls']) ?? asText(raw);
  return text === undefined ? undefined : bannerText(Buffer.from(text), maxBannerBytes);
}

const maxBannerBytes = 65_536;

/** How an SSH server identifies itself. */
function serverId(result: AnyObject): AnyObject | undefined {
  return asObject(result['server_id']) ?? asObject(asObject(result['handshake'])?.['server_id']);
}

/**
 * Software that identifies itself: `OpenSSH_9.2p1`, or just the version in a product's own
 * protocol.
 */
function softwareOf(result: AnyObject): { product?: string; version?: string } {
  const [product, version] = asText(serverId(result)?.['software'])?.split(/[_/](?=\d)/) ?? [];
  const build = asObject(result['build_info']);
  const said = [version, result['server_version'], result['version'], build?.['version']];
  // A number is a protocol version, such as NTP's.
  return omitUndefined({ product, version: asText(said.find((each) => typeof each === 'string')) });
}

function pageEvents(at: At, response: AnyObject, place: Place): ScanEvent[] {
  const { t, domain } = place;
  const request = asObject(response['request']);
  const url = asObject(request?.['url']);
  const tls = asObject(request?.['tls_log']);
  const isTls = isTlsRequest(request);
  const headers = asObject(response['headers']) ?? {};
  const status = asCount(response['status_code']);
  if (status === undefined) return [];
  const body = asText(response['body']) ?? '';
  const length = asCount(response['content_length']);
  return [
    {
      type: 'web.endpoint',
      ...at,
      scheme: isTls ? 'https' : 'http',
      authority: asText(url?.['host']) ?? domain ?? at.addr,
      path: asText(url?.['path']) ?? '/',
      status,
      h2:
        response['protocol_major'] === 2 ||
        asText(asObject(response['protocol'])?.['name']) === 'HTTP/2.0'
          ? 1
          : 0,
      ...omitUndefined({
        server_header: asTexts(headers['server'])[0],
        content_type: asTexts(headers['content_type'])[0],
        content_length: length,
        title: /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim(),
        location: asTexts(headers['location'])[0],
        tls: tls && (tlsOf(tls, place) ?? {}),
      }),
      t,
    },
  ];
}

/** The handshake in a log; undefined if it is empty. */
function tlsOf(tls: AnyObject, { domain }: Place): Tls | undefined {
  const log = asObject(tls['handshake_log']) ?? tls;
  const hello = asObject(log['server_hello']);
  // In TLS 1.3 the version field stays at 1.2; an extension has the real one.
  const chosen = asObject(asObject(hello?.['supported_versions'])?.['selected_version']);
  const found = omitUndefined({
    version: tlsVersion((chosen ?? asObject(hello?.['version']))?.['name']),
    cipher: asText(asObject(hello?.['cipher_suite'])?.['name']),
    chain: chainOf(log),
  });
  if (Object.keys(found).length === 0) return undefined;
  return { ...found, ...omitUndefined({ server_name: domain }) };
}

/** The certificates in a handshake log: base64 of DER, the server's first. */
function chainOf(log: AnyObject): string[] | undefined {
  const sent = asObject(log['server_certificates']);
  const chain = objectsOf([sent?.['certificate']])
    .concat(objectsOf(sent?.['chain']))
    .flatMap(({ raw }) => asText(raw) ?? [])
    .map(toPem);
  return chain.length > 0 ? chain.slice(0, 20) : undefined;
}

function toPem(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
