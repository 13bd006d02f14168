import { parseAddress } from '../../core/address.ts';
import { omitUndefined } from '../../core/omit-undefined.ts';
import type { ScannedHost, ScannedPort } from '../../store/export/scanned-hosts.ts';

/**
 * The open ports of hosts as JSON lines in the shape of Shodan's data files: one object per service
 * with `ip_str`, `port`, `transport`, `timestamp`, `data` and, where known, `product`, `http` and
 * `ssl`. Fields that only Shodan's own crawlers fill are left out.
 */
export async function* shodanLines(hosts: AsyncIterable<ScannedHost>): AsyncGenerator<string> {
  for await (const host of hosts) {
    for (const port of host.ports) {
      if (port.port.state !== 'open') continue;
      yield `${JSON.stringify(service(host.host, port))}\n`;
    }
  }
}

function service(host: ScannedHost['host'], scanned: ScannedPort): object {
  const { port, banners, pages, handshakes } = scanned;
  const { family, value } = parseAddress(host.addr);
  const hostnames = listOf(host.hostname);
  const [page] = pages;
  const [tls] = handshakes;
  return {
    ip_str: host.addr,
    ...(family === 4 ? { ip: Number(value) } : { ipv6: host.addr }),
    port: port.port,
    transport: port.transport,
    timestamp: new Date(port.last_seen).toISOString().replace('Z', '000'),
    hostnames,
    domains: hostnames.map((name) => name.split('.').slice(-2).join('.')),
    asn: host.asn === undefined ? null : `AS${host.asn}`,
    org: host.org ?? null,
    os: host.os_family ?? null,
    data: banners[0]?.banner ?? '',
    ...omitUndefined({
      product: port.product,
      version: port.version,
      info: port.extra_info,
      cpe: port.cpe?.split(' '),
      http: page && http(page),
      ssl: tls && ssl(tls),
    }),
    _shodan: { module: port.service ?? 'unknown' },
  };
}

function http(page: ScannedPort['pages'][number]): object {
  const tags = page.tech_tags ?? [];
  return {
    host: page.authority,
    location: page.path,
    status: page.status,
    title: page.title ?? null,
    server: page.server ?? null,
    ...(page.favicon_hash !== undefined && { favicon: { hash: page.favicon_hash } }),
    components: Object.fromEntries(tags.map((tag) => [tag, { categories: [] }])),
  };
}

function ssl(tls: ScannedPort['handshakes'][number]): object {
  return {
    versions: listOf(tls.version),
    cipher: { name: tls.cipher ?? null, version: tls.version ?? null },
    alpn: listOf(tls.alpn),
    ja3s: tls.ja3s ?? null,
    chain: listOf(tls.pem),
    cert: { fingerprint: { sha256: tls.certificate ?? null } },
  };
}

function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}
