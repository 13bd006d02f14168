import { allOf, sql } from './sql.ts';
import { jobKey, type ListFilter, ofTenant, tenantKey, whereHosts } from './filter.ts';
import {
  decodeCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
  toPage,
} from './page.ts';
import type { StoreDatabase } from './store.ts';
import { fromJson } from './tables.ts';

/** A certificate that servers present as their own; times epoch ms. */
export interface CertificateRow {
  readonly sha256: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly names: readonly string[];
  readonly key_type: string;
  readonly key_bits: number | null;
  readonly is_self_signed: boolean;
  readonly not_before: number;
  readonly not_after: number;
  /** Ports that presented it, and one of them. */
  readonly seen_at: number;
  readonly address: string;
  readonly port: number;
  readonly first_seen: number;
  readonly last_seen: number;
}

export type CertificateFilter = Pick<ListFilter, 'hosts' | 'scan' | 'since'> & {
  /** Expired, or going to be before this time, epoch ms. */
  readonly expiresBefore?: number | undefined;
};

type Raw = Omit<CertificateRow, 'address' | 'is_self_signed' | 'names' | 'port'> & {
  /** Address and port, apart by a space. */
  readonly place: string;
  readonly is_self_signed: number | boolean;
  readonly names: unknown;
};

/** Certificates, those that expire first before the others. */
export async function listCertificates(
  db: StoreDatabase,
  filter: CertificateFilter = {},
  page: PageRequest = {},
): Promise<Page<CertificateRow>> {
  const limit = pageLimit(page.limit);
  const { dialect } = db;
  const after =
    page.after === undefined ? undefined : decodeCursor(page.after, ['number', 'string']);
  const place = sql`${dialect.addressText('hosts.address')} || ' ' || t.port`;
  const rows = await db.query<Raw>(sql`
    SELECT c.sha256, c.subject, c.issuer, c.serial, c.names, c.key_type, c.key_bits,
      c.is_self_signed, c.not_before, c.not_after, places.seen_at, places.place,
      c.first_seen, c.last_seen
    FROM certificates c
    JOIN ${dialect.hasPartitions ? sql`LATERAL ` : sql``}(
      SELECT t.certificate, min(${place}) AS place,
        CAST(count(DISTINCT ${place}) AS INTEGER) AS seen_at
      FROM tls_scans t JOIN hosts ON hosts.id = t.host_id
      WHERE ${allOf([
        dialect.hasPartitions && sql`t.certificate = c.sha256`,
        ofTenant(db, 't'),
        whereHosts(db, filter.hosts),
        filter.scan !== undefined && sql`t.job_id = ${jobKey(db, filter.scan)}`,
        filter.since !== undefined && sql`t.t >= ${dialect.time(filter.since)}`,
      ])}
      GROUP BY t.certificate
    ) places ON places.certificate = c.sha256
    WHERE ${allOf([
      sql`c.tenant_id = ${tenantKey(db)}`,
      filter.expiresBefore !== undefined &&
        sql`c.not_after < ${dialect.time(filter.expiresBefore)}`,
      after && sql`(c.not_after, c.sha256) > (${dialect.time(after[0])}, ${after[1]})`,
    ])}
    ORDER BY c.not_after, c.sha256
    LIMIT ${limit + 1}`);
  const { rows: kept, next } = toPage(rows, limit, (row) =>
    encodeCursor([row.not_after, row.sha256]),
  );
  return { rows: kept.map(toRow), next };
}

function toRow({ place, ...row }: Raw): CertificateRow {
  const [address = '', port] = place.split(' ');
  return {
    ...row,
    address,
    port: Number(port),
    names: fromJson(row.names) as string[],
    is_self_signed: Boolean(row.is_self_signed),
  };
}
