import type { ScanTls, Tls, WebEndpoint } from '../../core/events.ts';
import { omitUndefined } from '../../core/omit-undefined.ts';
import { jobKey } from '../filter.ts';
import { join, sql } from '../sql.ts';
import { json, ofPort, optional, type Row, text, time } from './columns.ts';
import { type Fact, type StoredScan, scannedPort } from './fact.ts';
import { rowBatches } from './read-rows.ts';
import { readChain } from './tls-chain.ts';

/** A handshake without the requested name. */
export const handshakeContents = {
  version: optional(text),
  cipher: optional(text),
  alpn: optional(text),
  ja3: optional(text),
  ja3s: optional(text),
  /** Hashes of the certificates that the server sent. */
  chain: optional(json<readonly string[]>()),
};

const columns = {
  ...ofPort,
  /** '' if no name was requested. */
  server_name: text,
  ...handshakeContents,
  /** Hash of the server's certificate. */
  certificate: optional(text),
  t: time,
};

/** TLS handshakes by port and requested name, including those of pages. */
export const handshakes: Fact<ScanTls | WebEndpoint, typeof columns> = {
  table: 'tls_scans',
  owner: 'scan',
  columns,
  key: ['addr', 'transport', 'port', 'server_name'],
  merge: 'newest',
  count: 'tls_handshakes',
  references: [
    scannedPort,
    {
      message: 'handshakes whose certificate is missing',
      isMissing: `x.certificate IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM certificates c WHERE c.sha256 = x.certificate)`,
    },
  ],
  events: ['scan.tls', 'web.endpoint'],
  rowsOf(event) {
    if (!event.tls) return [];
    const { hashes } = readChain(event);
    const { addr, transport, port, tls, t } = event;
    const server_name = tls.server_name ?? '';
    const certificate = hashes?.[0];
    return [{ ...tls, addr, transport, port, server_name, certificate, chain: hashes, t }];
  },
  eventsOf,
};

/** Handshakes without a page. The others are part of their pages' events. */
const withoutPage = sql`NOT EXISTS (SELECT 1 FROM http_scans p
  WHERE p.job_id = f.job_id AND p.host_id = f.host_id AND p.transport = f.transport
    AND p.port = f.port AND p.tls_server_name = f.server_name)`;

async function* eventsOf(scan: StoredScan): AsyncGenerator<ScanTls> {
  for await (const rows of rowBatches(scan, handshakes, { where: withoutPage })) {
    const pems = await pemsOf(scan, rows);
    for (const { addr, transport, port, server_name: asked, t, ...handshake } of rows) {
      const tls = tlsOf(asked, handshake, pems);
      yield { type: 'scan.tls', run_id: scan.id, addr, transport, port, tls, t };
    }
  }
}

/** A handshake in the form used by events. */
export function tlsOf(
  serverName: string,
  { version, cipher, alpn, ja3, ja3s, chain }: Row<typeof handshakeContents>,
  pems: ReadonlyMap<string, string>,
): Tls {
  return omitUndefined({
    version,
    cipher,
    alpn,
    ja3,
    ja3s,
    server_name: serverName === '' ? undefined : serverName,
    chain: chain?.flatMap((hash) => pems.get(hash) ?? []),
  });
}

/** Certificates per query. */
const certificatesAtATime = 500;

/** The certificates of some chains as PEM, by hash. */
export async function pemsOf(
  { db, id }: StoredScan,
  rows: readonly Pick<Row<typeof handshakeContents>, 'chain'>[],
): Promise<ReadonlyMap<string, string>> {
  const hashes = [...new Set(rows.flatMap(({ chain }) => chain ?? []))];
  const pems = new Map<string, string>();
  for (let i = 0; i < hashes.length; i += certificatesAtATime) {
    const found = await db.query<{ sha256: string; pem: string }>(sql`
      SELECT c.sha256, c.pem FROM certificates c JOIN scan_jobs j ON j.tenant_id = c.tenant_id
      WHERE j.id = ${jobKey(db, id)}
        AND c.sha256 IN (${join(hashes.slice(i, i + certificatesAtATime))})`);
    for (const { sha256, pem } of found) pems.set(sha256, pem);
  }
  return pems;
}
