import { parseAddress } from '../../core/address.ts';
import { defined } from '../../core/defined.ts';
import type { ScannedHost, ScannedPort } from '../../store/export/scanned-hosts.ts';
import { fromJson } from '../../store/tables.ts';

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
  const { family, value } = parseAddress(host.address);
  const hostnames = host.hostname === null ? [] : [host.hostname];
  const [page] = pages;
  const [tls] = handshakes;
  return {
    ip_str: host.address,
    ...(family === 4 ? { ip: Number(value) } : { ipv6: host.address }),
    port: port.port,
    transport: port.transport,
    timestamp: new Date(port.last_seen).toISOString().replace('Z', '000'),
    hostnames,
    domains: hostnames.map((name) => name.split('.').slice(-2).join('.')),
    asn: host.asn === null ? null : `AS${host.asn}`,
    org: host.org,
    os: host.os_family,
    data: banners[0]?.banner ?? '',
    ...defined({
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
  const tags = (fromJson(page.tech_tags) as string[] | null) ?? [];
  return {
    host: page.authority,
    location: page.path,
    status: page.status,
    title: page.title,
    server: page.server_header,
    ...(page.favicon_hash !== null && { favicon: { hash: page.favicon_hash } }),
    components: Object.fromEntries(tags.map((tag) => [tag, { categories: [] }])),
  };
}

function ssl(tls: ScannedPort['handshakes'][number]): object {
  return {
    versions: tls.version === null ? [] : [tls.version],
    cipher: { name: tls.cipher, version: tls.version },
    alpn: tls.alpn === null ? [] : [tls.alpn],
    ja3s: tls.ja3s,
    chain: tls.pem === null ? [] : [tls.pem],
    cert: { fingerprint: { sha256: tls.certificate } },
  };
}
