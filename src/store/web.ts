import { allOf, name, type Sql, sql } from './sql.ts';
import { parseAddress } from '../core/address.ts';
import { jobKey, type ListFilter, whereHosts, wherePorts } from './filter.ts';
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

/** A web page as it was seen last; times epoch ms. */
export interface WebRow {
  readonly address: string;
  readonly port: number;
  readonly url: string;
  readonly status: number;
  readonly title: string | null;
  readonly server: string | null;
  readonly content_type: string | null;
  readonly content_length: number | null;
  readonly location: string | null;
  readonly h2: boolean;
  readonly tech_tags: readonly string[];
  readonly favicon_hash: number | null;
  readonly favicon_md5: string | null;
  readonly tls_version: string | null;
  readonly alpn: string | null;
  readonly ja3: string | null;
  readonly ja3s: string | null;
  /** SHA-256 of the server's certificate, as `certs` lists it. */
  readonly certificate: string | null;
  readonly seen: number;
}

export type WebFilter = Pick<ListFilter, 'hosts' | 'ports' | 'scan' | 'since'>;

type Raw = Omit<WebRow, 'h2' | 'tech_tags' | 'url'> & {
  readonly h2: number;
  readonly tech_tags: unknown;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
};

/** Pages by address and port: each as it was seen last or, with `scan`, as one scan saw it. */
export async function listWeb(
  db: StoreDatabase,
  filter: WebFilter = {},
  page: PageRequest = {},
): Promise<Page<WebRow>> {
  const limit = pageLimit(page.limit);
  const { dialect } = db;
  const rows = await db.query<Raw>(sql`
    SELECT hosts.address, w.port, w.scheme, w.authority, w.path, w.status, w.title,
      w.server_header AS server, w.content_type, w.content_length, w.location, w.h2, w.tech_tags,
      w.favicon_hash, w.favicon_md5, t.version AS tls_version, t.alpn, t.ja3, t.ja3s,
      t.certificate, w.t AS seen
    FROM hosts
    JOIN ${filter.scan === undefined ? newestPages(db) : sql`http_scans`} w ON w.host_id = hosts.id
    LEFT JOIN tls_scans t ON t.job_id = w.job_id AND t.host_id = w.host_id
      AND t.transport = w.transport AND t.port = w.port AND t.server_name = w.tls_server_name
    WHERE ${allOf([
      whereHosts(db, filter.hosts),
      filter.scan !== undefined && sql`w.job_id = ${jobKey(db, filter.scan)}`,
      filter.ports && wherePorts('w', filter.ports),
      filter.since !== undefined && sql`w.t >= ${dialect.time(filter.since)}`,
      page.after !== undefined && afterPage(db, page.after),
    ])}
    ORDER BY ${name(`hosts.${dialect.addressColumn}`)}, w.port, w.scheme, w.authority, w.path
    LIMIT ${limit + 1}`);
  const { rows: kept, next } = toPage(rows, limit, (row) =>
    encodeCursor([row.address, row.port, row.scheme, row.authority, row.path]),
  );
  return { rows: kept.map(toRow), next };
}

/**
 * The newest observation of each page: host by host where that can be said, so that a page of the
 * list reads what its hosts have and no more.
 */
function newestPages({ dialect }: StoreDatabase): Sql {
  return dialect.hasLateral
    ? sql`LATERAL (
        SELECT DISTINCT ON (transport, port, scheme, authority, path) * FROM http_scans
        WHERE host_id = hosts.id
        ORDER BY transport, port, scheme, authority, path, t DESC, job_id DESC
      )`
    : sql`(SELECT * FROM (
        SELECT http_scans.*, row_number() OVER (
          PARTITION BY host_id, transport, port, scheme, authority, path ORDER BY t DESC, job_id DESC
        ) AS age FROM http_scans
      ) numbered WHERE age = 1)`;
}

function toRow({ scheme, authority, path, ...row }: Raw): WebRow {
  return {
    ...row,
    url: `${scheme}://${authority}${path}`,
    h2: Boolean(row.h2),
    tech_tags: (fromJson(row.tech_tags) as string[] | null) ?? [],
  };
}

function afterPage({ dialect }: StoreDatabase, cursor: string): Sql {
  const [address, port, scheme, authority, path] = decodeCursor(cursor, [
    'string',
    'number',
    'string',
    'string',
    'string',
  ]);
  const column = name(`hosts.${dialect.addressColumn}`);
  return sql`(${column}, w.port, w.scheme, w.authority, w.path) >
    (${dialect.addressBound(parseAddress(address))}, ${port}, ${scheme}, ${authority}, ${path})`;
}
