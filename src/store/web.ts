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
import { jobsOf } from './port-details.ts';
import { fromJson, type PortKey } from './tables.ts';

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

interface PageKey {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

type Found = PageKey & PortKey & { readonly address: string };

type Seen = PageKey &
  Omit<WebRow, 'address' | 'h2' | 'port' | 'tech_tags' | 'url'> & {
    readonly place: number;
    readonly h2: number;
    readonly tech_tags: unknown;
  };

/** Pages by address and port: each as it was seen last or, with `scan`, as one scan saw it. */
export async function listWeb(
  db: StoreDatabase,
  filter: WebFilter = {},
  page: PageRequest = {},
): Promise<Page<WebRow>> {
  const limit = pageLimit(page.limit);
  const { dialect } = db;
  const found = await db.query<Found>(sql`
    SELECT hosts.address, w.host_id, w.job_id, w.transport, w.port, w.scheme, w.authority, w.path
    FROM hosts
    JOIN ${filter.scan === undefined ? newestPages(db) : sql`http_scans`} w ON w.host_id = hosts.id
    WHERE ${allOf([
      whereHosts(db, filter.hosts),
      filter.scan !== undefined && sql`w.job_id = ${jobKey(db, filter.scan)}`,
      filter.ports && wherePorts('w', filter.ports),
      filter.since !== undefined && sql`w.t >= ${dialect.time(filter.since)}`,
      page.after !== undefined && afterPage(db, page.after),
    ])}
    ORDER BY ${name(`hosts.${dialect.addressColumn}`)}, w.port, w.scheme, w.authority, w.path
    LIMIT ${limit + 1}`);
  const { rows, next } = toPage(found, limit, (row) =>
    encodeCursor([row.address, row.port, row.scheme, row.authority, row.path]),
  );
  return { rows: await describe(db, rows), next };
}

/**
 * The newest observation of each page: host by host where that can be said, so that a page of the
 * list reads what its hosts have and no more.
 */
function newestPages({ dialect }: StoreDatabase): Sql {
  return dialect.hasLateral
    ? sql`LATERAL (
        SELECT DISTINCT ON (transport, port, scheme, authority, path)
          host_id, job_id, transport, port, scheme, authority, path, t
        FROM http_scans
        WHERE host_id = hosts.id
        ORDER BY transport, port, scheme, authority, path, t DESC, job_id DESC
      )`
    : sql`(SELECT * FROM (
        SELECT http_scans.*, row_number() OVER (
          PARTITION BY host_id, transport, port, scheme, authority, path ORDER BY t DESC, job_id DESC
        ) AS age FROM http_scans
      ) numbered WHERE age = 1)`;
}

/** What scans saw on pages. */
async function describe(db: StoreDatabase, found: readonly Found[]): Promise<WebRow[]> {
  if (found.length === 0) return [];
  const rows = await db.query<Seen>(sql`
    SELECT k.place, w.scheme, w.authority, w.path, w.status, w.title, w.server_header AS server,
      w.content_type, w.content_length, w.location, w.h2, w.tech_tags, w.favicon_hash,
      w.favicon_md5, t.version AS tls_version, t.alpn, t.ja3, t.ja3s, t.certificate, w.t AS seen
    FROM ${db.dialect.keyTable(found)} k
    JOIN http_scans w ON w.job_id = k.job_id AND w.host_id = k.host_id
      AND w.transport = k.transport AND w.port = k.port
    LEFT JOIN tls_scans t ON t.job_id = k.job_id AND t.host_id = k.host_id
      AND t.transport = k.transport AND t.port = k.port AND t.server_name = w.tls_server_name
      AND t.job_id IN (${jobsOf(found)})
    WHERE w.job_id IN (${jobsOf(found)})`);
  const pages = new Map(rows.map((row) => [`${row.place} ${urlOf(row)}`, row]));
  return found.map(({ address, port, ...key }, place) => {
    const url = urlOf(key);
    const {
      place: _,
      scheme: _scheme,
      authority: _authority,
      path: _path,
      ...row
    } = pages.get(`${place} ${url}`)!;
    return {
      address,
      port,
      url,
      ...row,
      h2: Boolean(row.h2),
      tech_tags: (fromJson(row.tech_tags) as string[] | null) ?? [],
    };
  });
}

function urlOf({ scheme, authority, path }: PageKey): string {
  return `${scheme}://${authority}${path}`;
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
