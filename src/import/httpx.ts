import { omitUndefined } from '../core/omit-undefined.ts';
import type { ScanEvent, Tls } from '../core/events.ts';
import { portScope } from '../core/scope.ts';
import {
  type AnyObject,
  asCount,
  asObject,
  asPort,
  asText,
  asTexts,
  asTime,
  asWebUrl,
  firstAddress,
  portOf,
} from './json-object.ts';
import { objectImporter, type RecordContext } from './records.ts';
import { tlsVersion } from './tls-version.ts';

/** `httpx -json`: one web page per line. */
export const httpx = objectImporter({
  name: 'httpx',
  title: 'httpx (-json)',
  matches: (line) =>
    typeof line['url'] === 'string' &&
    ['status_code', 'status-code', 'failed', 'webserver', 'host_ip'].some((key) => key in line),
  newParser: () => parseLine,
  isChecked: true,
});

function parseLine(line: AnyObject, context: RecordContext): readonly ScanEvent[] | string {
  const url = asWebUrl(line['url']);
  if (!url) return `"${asText(line['url'])}" is not an http or https URL`;
  const addr = addressOf(line, url);
  if (addr === undefined) return `no address for ${url.host}: run httpx with -ip`;
  const port = asPort(line['port']) ?? portOf(url);
  const t = context.time(asTime(line['timestamp']));
  const run_id = context.runId;
  const at = { run_id, addr, transport: 'tcp' as const, port };
  const status = asCount(line['status_code'] ?? line['status-code']);
  if (line['failed'] === true || status === undefined) {
    const message = asText(line['error']) ?? 'httpx got no answer';
    const scope = portScope(addr, 'tcp', port);
    return [{ type: 'run.error', run_id, scope, code: 'HTTP_FAILED', message, t }];
  }
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const cpe = asTexts(line['cpe']);
  const service = {
    name: scheme,
    method: 'http',
    ...omitUndefined({ cpe: cpe.join(' ') || undefined }),
  };
  const isOpen = { state: 'open', reason: 'syn-ack', service, t_first: t, t_last: t } as const;
  return [
    { type: 'scan.port', ...at, ...isOpen },
    ...hostEvent(line, { run_id, addr, t }, url),
    { type: 'web.endpoint', ...at, scheme, ...pageOf(line, url, status), t },
  ];
}

/** `host` is a name in newer versions, an address in older ones. */
function addressOf(line: AnyObject, url: URL): string | undefined {
  return firstAddress([
    line['host_ip'],
    line['host'],
    url.hostname,
    ...asTexts(line['a']),
    ...asTexts(line['aaaa']),
  ]);
}

function hostEvent(
  line: AnyObject,
  at: { run_id: string; addr: string; t: number },
  url: URL,
): ScanEvent[] {
  const asn = asObject(line['asn']);
  const hostname = firstAddress([url.hostname]) === undefined ? url.hostname : undefined;
  const number = asCount(asText(asn?.['as_number'] ?? asn?.['as-number'])?.replace(/^AS/i, ''));
  const known = omitUndefined({
    hostname,
    asn: number,
    org: asText(asn?.['as_name'] ?? asn?.['as-name']),
  });
  if (Object.keys(known).length === 0) return [];
  return [{ type: 'scan.host', ...at, state: 'up', reason: 'syn-ack', ...known }];
}

function pageOf(line: AnyObject, url: URL, status: number) {
  const tls = asObject(line['tls']);
  const favicon = asText(line['favicon'] ?? line['favicon-mmh3']);
  return {
    authority: url.host,
    path: `${url.pathname}${url.search}`,
    status,
    h2: line['http2'] === true ? (1 as const) : (0 as const),
    ...omitUndefined({
      server_header: asText(line['webserver']),
      content_type: asText(line['content_type'] ?? line['content-type']),
      content_length: asCount(line['content_length'] ?? line['content-length']),
      title: asText(line['title']),
      location: asText(line['location']) ?? asText(line['final_url']),
      favicon_hash:
        favicon !== undefined && /^-?\d{1,10}$/.test(favicon) ? Number(favicon) : undefined,
      favicon_md5: asText(line['favicon_md5'])?.slice(0, 32),
      tech_tags: line['tech'] === undefined ? undefined : asTexts(line['tech']),
      tls: tls && tlsOf(tls),
    }),
  };
}

/** tlsx's output inside httpx, with PEM certificates only on request. */
function tlsOf(tls: AnyObject): Tls {
  const chain = asTexts(tls['certificate']).filter((pem) => pem.includes('BEGIN CERTIFICATE'));
  return omitUndefined({
    version: tlsVersion(tls['tls_version']),
    cipher: asText(tls['cipher']),
    server_name: asText(tls['sni']),
    ja3s: asText(tls['ja3s_hash']),
    chain: chain.length > 0 ? chain : undefined,
  });
}
