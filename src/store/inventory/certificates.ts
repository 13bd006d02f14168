import { and, join, type Sql, sql } from '../sql.ts';
import { jobKey, type ListFilter, ofTenant, tenantKey, whereHosts } from '../filter.ts';
import {
  findInSteps,
  keyset,
  numberKey,
  type Page,
  type PageRequest,
  readPage,
  textKey,
} from '../keyset.ts';
import type { StoreDatabase } from '../store.ts';
import { textsFromJson } from '../tables.ts';

/** A server certificate in use; times are epoch ms. */
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
  /** The number of ports that presented it, and one of them. */
  readonly seen_at: number;
  readonly address: string;
  readonly port: number;
  readonly first_seen: number;
  readonly last_seen: number;
}

export type CertificateFilter = Pick<ListFilter, 'hosts' | 'scan' | 'since'> & {
  /** Expires before this time, epoch ms. */
  readonly expiresBefore?: number | undefined;
};

type Raw = Omit<CertificateRow, 'address' | 'is_self_signed' | 'names' | 'port'> & {
  /** Address and port, separated by a space. */
  readonly place: string;
  readonly is_self_signed: number | boolean;
  readonly names: unknown;
};

/** Certificates, earliest expiry first. */
export async function listCertificates(
  db: StoreDatabase,
  filter: CertificateFilter = {},
  page: PageRequest = {},
): Promise<Page<CertificateRow>> {
  const key = keyset<Expiry>([
    numberKey(sql`c.not_after`, (row) => row.not_after, db.dialect.time),
    textKey(sql`c.sha256`, ({ sha256 }) => sha256),
  ]);
  const { rows, next } = await readPage<Raw>(page, key, async ({ after, order, count }) =>
    db.dialect.hasPartitions
      ? await findInSteps<Expiry, Raw>(
          count,
          (last, step) => {
            const behind = last ? key.afterRow(last) : after;
            return nextToExpire(db, filter, { after: behind, order, count: step });
          },
          (keys, rest) => findShown(db, filter, { count: rest, order, among: keys }),
        )
      : await findShown(db, filter, { count, order, after }),
  );
  return { rows: rows.map(toRow), next };
}

type Expiry = Pick<CertificateRow, 'not_after' | 'sha256'>;

interface Range {
  readonly order: Sql;
  readonly count: number;
  readonly after?: Sql | undefined;
  readonly among?: readonly Expiry[];
}

/** Certificates in list order, whether or not a server presented them. */
async function nextToExpire(
  db: StoreDatabase,
  filter: CertificateFilter,
  { after, order, count }: Range,
): Promise<Expiry[]> {
  return await db.query<Expiry>(sql`
    SELECT c.not_after, c.sha256 FROM certificates c WHERE ${whereCertificates(db, filter, after)}
    ${order} LIMIT ${count}`);
}

/** The first certificates that servers presented, out of all or of some. */
async function findShown(
  db: StoreDatabase,
  filter: CertificateFilter,
  { count, order, after, among }: Range,
): Promise<Raw[]> {
  const { dialect } = db;
  const place = sql`${dialect.addressText('hosts.address')} || ' ' || seen.port`;
  const some = among && join(among.map(({ sha256 }) => sha256));
  return await db.query<Raw>(sql`
    SELECT c.sha256, c.subject, c.issuer, c.serial, c.names, c.key_type, c.key_bits,
      c.is_self_signed, c.not_before, c.not_after, places.seen_at, places.place,
      c.first_seen, c.last_seen
    FROM certificates c
    JOIN (
      SELECT seen.certificate, min(${place}) AS place, CAST(count(*) AS INTEGER) AS seen_at
      FROM (
        SELECT DISTINCT t.certificate, t.host_id, t.port FROM tls_scans t
        WHERE ${and([
          some ? sql`t.certificate IN (${some})` : sql`t.certificate IS NOT NULL`,
          ofTenant(db, 't'),
          filter.scan !== undefined && sql`t.job_id = ${jobKey(db, filter.scan)}`,
          filter.since !== undefined && sql`t.t >= ${dialect.time(filter.since)}`,
        ])}
      ) seen JOIN hosts ON hosts.id = seen.host_id
      WHERE ${whereHosts(db, filter.hosts)}
      GROUP BY seen.certificate
    ) places ON places.certificate = c.sha256
    WHERE ${and([whereCertificates(db, filter, after), some && sql`c.sha256 IN (${some})`])}
    ${order} LIMIT ${count}`);
}

function whereCertificates(
  db: StoreDatabase,
  { expiresBefore }: CertificateFilter,
  after: Sql | undefined,
): Sql {
  const { dialect } = db;
  return and([
    sql`c.tenant_id = ${tenantKey(db)}`,
    expiresBefore !== undefined && sql`c.not_after < ${dialect.time(expiresBefore)}`,
    after,
  ]);
}

function toRow({ place, ...row }: Raw): CertificateRow {
  const [address = '', port] = place.split(' ');
  return {
    ...row,
    address,
    port: Number(port),
    names: textsFromJson(row.names),
    is_self_signed: Boolean(row.is_self_signed),
  };
}
