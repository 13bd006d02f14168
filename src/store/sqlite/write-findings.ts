import { canonicalAddress } from '../../core/address.ts';
import type { ScanBanner, Tls, WebEndpoint } from '../../core/events.ts';
import type { Certificate } from '../facts/certificate.ts';
import { errorDigest } from '../facts/digests.ts';
import { signedFavicon } from '../facts/favicon.ts';
import { type ErrorFact, type PortPlace, readChain } from '../facts/tls-chain.ts';
import type { Statements } from './statements.ts';
import type { HostKeys, JobKey } from './write-hosts.ts';
import { type RowInsert, rowInsert, writeRows } from './write-rows.ts';

/** Where a batch's findings go. */
export interface FindingsContext {
  readonly prepare: Statements;
  readonly job: JobKey;
  readonly hosts: HostKeys;
}

/** An upsert of facts by their key, where the newer one wins. */
function upsertFact(table: string, key: readonly string[], columns: readonly string[]): RowInsert {
  const keys = ['job_id', 'host_id', 'transport', 'port', ...key];
  const others = [...columns, 't'];
  return rowInsert(
    table,
    [...keys, ...others],
    `ON CONFLICT (${keys.join(', ')}) DO UPDATE SET
    ${others.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE excluded.t >= t`,
  );
}

const upsertBanners = upsertFact('banner_scans', ['protocol'], ['banner']);
const upsertTls = upsertFact(
  'tls_scans',
  ['server_name'],
  ['version', 'cipher', 'alpn', 'ja3', 'ja3s', 'certificate', 'chain'],
);
const upsertHttp = upsertFact(
  'http_scans',
  ['scheme', 'authority', 'path'],
  [
    'status',
    'h2',
    'server_header',
    'content_type',
    'content_length',
    'title',
    'location',
    'favicon_hash',
    'favicon_md5',
    'tech_tags',
    'tls_server_name',
  ],
);
const upsertCertificate = `
  INSERT INTO certificates (tenant_id, sha256, pem, subject, issuer, serial, not_before, not_after,
    names, key_type, key_bits, is_self_signed, first_seen, last_seen)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (tenant_id, sha256) DO UPDATE SET
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen)`;
const insertError = `
  INSERT INTO scan_errors (job_id, digest, scope, code, message, at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (job_id, digest) DO NOTHING`;

export function writeBanners(context: FindingsContext, events: readonly ScanBanner[]): void {
  writeRows(context.prepare, upsertBanners, {
    count: events.length,
    first: context.job.id,
    push(values, row) {
      const { protocol, banner, t } = events[row]!;
      values.push(...placeKey(context, events[row]!), protocol, banner, t);
    },
  });
}

export function writeEndpoint(context: FindingsContext, event: WebEndpoint): void {
  if (event.tls) writeTls(context, event, event.tls);
  context
    .prepare(upsertHttp.one)
    .run(
      context.job.id,
      ...placeKey(context, event),
      event.scheme,
      event.authority,
      event.path,
      event.status,
      event.h2,
      event.server_header ?? null,
      event.content_type ?? null,
      event.content_length ?? null,
      event.title ?? null,
      event.location ?? null,
      signedFavicon(event),
      event.favicon_md5 ?? null,
      event.tech_tags ? JSON.stringify(event.tech_tags) : null,
      event.tls ? (event.tls.server_name ?? '') : null,
      event.t,
    );
}

/** Records a handshake, and each certificate of its chain once; one that is none is an error row. */
export function writeTls(context: FindingsContext, place: PortPlace, tls: Tls): void {
  const { hashes, certificates, errors } = readChain(place, tls);
  for (const certificate of certificates) writeCertificate(context, certificate, place.t);
  for (const error of errors) writeError(context, error);
  context
    .prepare(upsertTls.one)
    .run(
      context.job.id,
      ...placeKey(context, place),
      tls.server_name ?? '',
      tls.version ?? null,
      tls.cipher ?? null,
      tls.alpn ?? null,
      tls.ja3 ?? null,
      tls.ja3s ?? null,
      hashes?.[0] ?? null,
      hashes ? JSON.stringify(hashes) : null,
      place.t,
    );
}

export function writeError({ prepare, job }: FindingsContext, error: ErrorFact): void {
  const { scope, code, message, t } = error;
  prepare(insertError).run(job.id, errorDigest(error), scope, code, message, t);
}

function writeCertificate({ prepare, job }: FindingsContext, c: Certificate, t: number): void {
  prepare(upsertCertificate).run(
    job.tenantId,
    c.sha256,
    c.pem,
    c.subject,
    c.issuer,
    c.serial,
    c.notBefore,
    c.notAfter,
    JSON.stringify(c.names),
    c.keyType,
    c.keyBits ?? null,
    c.isSelfSigned ? 1 : 0,
    t,
    t,
  );
}

function placeKey({ hosts }: FindingsContext, place: PortPlace): [number, string, number] {
  return [hosts.get(canonicalAddress(place.addr))!, place.transport, place.port];
}
