import { canonicalAddress } from '../../core/address.ts';
import type { EventBatch } from '../../core/event-batch.ts';
import type { Tls, WebEndpoint } from '../../core/events.ts';
import type { Certificate } from '../facts/certificate.ts';
import { errorDigest } from '../facts/digests.ts';
import { signedFavicon } from '../facts/favicon.ts';
import { type ErrorFact, type PortPlace, readChain } from '../facts/tls-chain.ts';
import { type ColumnType, copyRows, createStaging, type StagingTable } from './staging.ts';
import type { HostIds, Writer } from './write-hosts.ts';

type Columns = Readonly<Record<string, ColumnType>>;

/** A table of what ports said: its key behind job, host, transport and port, and its columns. */
interface Fact {
  readonly staging: StagingTable;
  readonly upsert: string;
}

const place: Columns = { host_id: 'uuid', transport: 'text', port: 'integer' };

/** The newest row wins, of those in the batch as of those in the table. */
function fact(table: string, key: Columns, columns: Columns): Fact {
  const keys = ['host_id', 'transport', 'port', ...Object.keys(key)];
  const others = [...Object.keys(columns), 't'];
  const all = [...keys, ...others];
  return {
    staging: {
      name: `staged_${table}`,
      columns: { ...place, ...key, ...columns, t: 'timestamptz', place: 'integer' },
    },
    upsert: `
      INSERT INTO ${table} (tenant_id, job_id, ${all.join(', ')})
      SELECT DISTINCT ON (${keys.join(', ')}) $1, $2, ${all.join(', ')}
      FROM staged_${table} ORDER BY ${keys.join(', ')}, t DESC, place DESC
      ON CONFLICT (job_id, ${keys.join(', ')}) DO UPDATE SET
        ${others.map((column) => `${column} = excluded.${column}`).join(', ')}
      WHERE excluded.t >= ${table}.t`,
  };
}

const banners = fact('banner_scans', { protocol: 'text' }, { banner: 'text' });
const handshakes = fact(
  'tls_scans',
  { server_name: 'text' },
  {
    version: 'text',
    cipher: 'text',
    alpn: 'text',
    ja3: 'text',
    ja3s: 'text',
    certificate: 'text',
    chain: 'jsonb',
  },
);
const pages = fact(
  'http_scans',
  { scheme: 'text', authority: 'text', path: 'text' },
  {
    status: 'integer',
    h2: 'smallint',
    server_header: 'text',
    content_type: 'text',
    content_length: 'bigint',
    title: 'text',
    location: 'text',
    favicon_hash: 'integer',
    favicon_md5: 'text',
    tech_tags: 'jsonb',
    tls_server_name: 'text',
  },
);

const certificateColumns: Columns = {
  sha256: 'text',
  pem: 'text',
  subject: 'text',
  issuer: 'text',
  serial: 'text',
  not_before: 'timestamptz',
  not_after: 'timestamptz',
  names: 'jsonb',
  key_type: 'text',
  key_bits: 'integer',
  is_self_signed: 'boolean',
  first_seen: 'timestamptz',
  last_seen: 'timestamptz',
};
const stagedCertificates: StagingTable = {
  name: 'staged_certificates',
  columns: certificateColumns,
};
/** In the order of their hashes: another unit may be recording the same ones. */
const upsertCertificates = `
  INSERT INTO certificates (tenant_id, ${Object.keys(certificateColumns).join(', ')})
  SELECT $1, ${Object.keys(certificateColumns).join(', ')}
  FROM staged_certificates ORDER BY sha256
  ON CONFLICT (tenant_id, sha256) DO UPDATE SET
    first_seen = least(certificates.first_seen, excluded.first_seen),
    last_seen = greatest(certificates.last_seen, excluded.last_seen)`;

const stagedErrors: StagingTable = {
  name: 'staged_errors',
  columns: { digest: 'bytea', scope: 'text', code: 'text', message: 'text', at: 'timestamptz' },
};
const insertErrors = `
  INSERT INTO scan_errors (tenant_id, job_id, digest, scope, code, message, at)
  SELECT $1, $2, digest, scope, code, message, at FROM staged_errors
  ON CONFLICT (job_id, digest) DO NOTHING`;

/** Every temporary table that facts pass through. */
export const factStaging: readonly StagingTable[] = [
  banners.staging,
  handshakes.staging,
  pages.staging,
  stagedCertificates,
  stagedErrors,
];

/** Rows of one batch on their way into their tables. */
class FactRows {
  readonly banners: unknown[][] = [];
  readonly handshakes: unknown[][] = [];
  readonly pages: unknown[][] = [];
  readonly errors: unknown[][] = [];
  readonly certificates = new Map<
    string,
    { certificate: Certificate; first: number; last: number }
  >();
  readonly skipped: Record<string, number> = {};
  readonly ids: HostIds;

  constructor(ids: HostIds) {
    this.ids = ids;
  }

  private placeOf({ addr, transport, port }: PortPlace): unknown[] {
    return [this.ids.get(canonicalAddress(addr)), transport, port];
  }

  addBanner(event: PortPlace & { protocol: string; banner: string }): void {
    const { protocol, banner, t } = event;
    this.banners.push([...this.placeOf(event), protocol, banner, t, this.banners.length]);
  }

  addPage(event: WebEndpoint): void {
    if (event.tls) this.addHandshake(event, event.tls);
    this.pages.push([
      ...this.placeOf(event),
      event.scheme,
      event.authority,
      event.path,
      event.status,
      event.h2,
      event.server_header,
      event.content_type,
      event.content_length,
      event.title,
      event.location,
      signedFavicon(event),
      event.favicon_md5,
      event.tech_tags,
      event.tls ? (event.tls.server_name ?? '') : null,
      event.t,
      this.pages.length,
    ]);
  }

  /** A handshake, and each certificate of its chain once; one that is none is an error row. */
  addHandshake(where: PortPlace, tls: Tls): void {
    const { hashes, certificates, errors } = readChain(where, tls);
    for (const certificate of certificates) this.addCertificate(certificate, where.t);
    for (const error of errors) this.addError(error);
    this.handshakes.push([
      ...this.placeOf(where),
      tls.server_name ?? '',
      tls.version,
      tls.cipher,
      tls.alpn,
      tls.ja3,
      tls.ja3s,
      hashes?.[0],
      hashes,
      where.t,
      this.handshakes.length,
    ]);
  }

  addError(error: ErrorFact): void {
    const { scope, code, message, t } = error;
    this.errors.push([errorDigest(error), scope, code, message, t]);
  }

  private addCertificate(certificate: Certificate, t: number): void {
    const known = this.certificates.get(certificate.sha256);
    this.certificates.set(certificate.sha256, {
      certificate,
      first: Math.min(known?.first ?? t, t),
      last: Math.max(known?.last ?? t, t),
    });
  }
}

/**
 * Records what ports said and what went wrong.
 *
 * @returns the events that no table takes, by type
 */
export async function writeFacts(
  writer: Writer,
  events: EventBatch['events'],
  ids: HostIds,
): Promise<Record<string, number>> {
  const rows = collect(events, ids);
  await write(writer, banners.staging, banners.upsert, rows.banners);
  await write(writer, handshakes.staging, handshakes.upsert, rows.handshakes);
  await write(writer, pages.staging, pages.upsert, rows.pages);
  await write(writer, stagedErrors, insertErrors, rows.errors);
  const certificates = [...rows.certificates.values()].map(certificateRow);
  if (certificates.length > 0) {
    await stage(writer, stagedCertificates, certificates);
    await writer.client.query(upsertCertificates, [writer.tenantId]);
  }
  return rows.skipped;
}

function collect(events: EventBatch['events'], ids: HostIds): FactRows {
  const rows = new FactRows(ids);
  for (const event of events) {
    switch (event.type) {
      case 'scan.banner':
        rows.addBanner(event);
        break;
      case 'scan.tls':
        rows.addHandshake(event, event.tls);
        break;
      case 'web.endpoint':
        rows.addPage(event);
        break;
      case 'run.error':
        rows.addError(event);
        break;
      case 'run.phase':
      case 'result.schema':
      case 'result.record':
        rows.skipped[event.type] = (rows.skipped[event.type] ?? 0) + 1;
        break;
      // The job's own row, units, hosts and what checks say are written by others.
      case 'scan.finding':
      case 'scan.script':
      case 'scan.os':
      case 'scan.trace':
      case 'run.start':
      case 'run.finish':
      case 'run.unit':
      case 'scan.host':
        break;
    }
  }
  return rows;
}

async function write(
  writer: Writer,
  staging: StagingTable,
  upsert: string,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  if (rows.length === 0) return;
  await stage(writer, staging, rows);
  await writer.client.query(upsert, [writer.tenantId, writer.jobId]);
}

async function stage(
  { client }: Writer,
  staging: StagingTable,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  await client.query(createStaging(staging));
  await copyRows(client, staging, rows);
}

function certificateRow({
  certificate: c,
  first,
  last,
}: {
  certificate: Certificate;
  first: number;
  last: number;
}): unknown[] {
  return [
    c.sha256,
    c.pem,
    c.subject,
    c.issuer,
    c.serial,
    c.notBefore,
    c.notAfter,
    c.names,
    c.keyType,
    c.keyBits,
    c.isSelfSigned,
    first,
    last,
  ];
}
