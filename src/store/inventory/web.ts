import { and, join, identifier, type Sql, sql } from '../sql.ts';
import { addressKey } from './hosts.ts';
import { jobKey, type ListFilter, whereHosts, wherePorts } from '../filter.ts';
import {
  findInSteps,
  keyset,
  numberKey,
  type Page,
  type PageRange,
  type PageRequest,
  readPage,
  textKey,
} from '../keyset.ts';
import { selectFields } from '../facts/columns.ts';
import { pages as pageFact } from '../facts/page.ts';
import type { StoreDatabase } from '../store.ts';
import { isOfJobs } from './port-details.ts';
import { type Key, type PortKey, textsFromJson } from '../tables.ts';

/** A web page as last seen; times are epoch ms. */
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
  /** SHA-256 of the server's certificate, as shown by `certs`. */
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

/** Pages by address and port, each as last seen or, with `scan`, as one scan saw it. */
export async function listWeb(
  db: StoreDatabase,
  filter: WebFilter = {},
  page: PageRequest = {},
): Promise<Page<WebRow>> {
  const key = keyset<Found>([
    addressKey(db),
    numberKey(sql`w.port`, ({ port }) => port),
    textKey(sql`w.scheme`, ({ scheme }) => scheme),
    textKey(sql`w.authority`, ({ authority }) => authority),
    textKey(sql`w.path`, ({ path }) => path),
  ]);
  const { rows, next } = await readPage(page, key, async (range) => {
    const search = { ...filter, ...range };
    if (filter.scan !== undefined) return await findPages(db, search, sql`http_scans`);
    const { newestJob } = db.dialect;
    return newestJob
      ? await findHostByHost(db, search, newestJob)
      : await findPages(db, search, newestPages);
  });
  return { rows: await describe(db, rows), next };
}

type Search = WebFilter & PageRange;

/** The first matching pages in a table of pages. */
async function findPages(db: StoreDatabase, search: Search, pages: Sql): Promise<Found[]> {
  const { dialect } = db;
  const { hosts, scan, ports, since, after, order, count } = search;
  return await db.query<Found>(sql`
    SELECT hosts.address, w.host_id, w.job_id, w.transport, w.port, w.scheme, w.authority, w.path
    FROM hosts JOIN ${pages} w ON w.host_id = hosts.id
    WHERE ${and([
      whereHosts(db, hosts),
      scan !== undefined && sql`w.job_id = ${jobKey(db, scan)}`,
      ports && wherePorts('w', ports),
      since !== undefined && sql`w.t >= ${dialect.time(since)}`,
      after,
    ])}
    ${order} LIMIT ${count}`);
}

/** The newest observation of each page. */
const newestPages = sql`(SELECT * FROM (
    SELECT http_scans.*, row_number() OVER (
      PARTITION BY host_id, transport, port, scheme, authority, path ORDER BY t DESC, job_id DESC
    ) AS age FROM http_scans
  ) numbered WHERE age = 1)`;

/** The first matching pages, read host by host. */
async function findHostByHost(db: StoreDatabase, search: Search, newestJob: Sql): Promise<Found[]> {
  const byAddress = keyset([addressKey(db)]);
  const address = identifier(`hosts.${db.dialect.addressColumn}`);
  const first = search.bound && sql`${address} >= ${search.bound[0]}`;
  return await findInSteps<{ id: Key; address: string }, Found>(
    search.count,
    (after, step) =>
      db.query(sql`
        SELECT hosts.id, hosts.address FROM hosts
        WHERE ${and([whereHosts(db, search.hosts), after ? byAddress.afterRow(after) : first])}
        ${byAddress.order} LIMIT ${step}`),
    (hosts, count) => findPages(db, { ...search, count }, newestOf(hosts, newestJob)),
  );
}

/** The newest observation of each page of some hosts. */
function newestOf(hosts: readonly { readonly id: Key }[], newestJob: Sql): Sql {
  return sql`(
    SELECT host_id, transport, port, scheme, authority, path, max(t) AS t, ${newestJob} AS job_id
    FROM http_scans WHERE host_id IN (${join(hosts.map(({ id }) => id))})
    GROUP BY host_id, transport, port, scheme, authority, path)`;
}

const selectPage = selectFields(pageFact.columns, 'w', [
  'scheme',
  'authority',
  'path',
  'status',
  'title',
  'server',
  'content_type',
  'content_length',
  'location',
  'h2',
  'tech_tags',
  'favicon_hash',
  'favicon_md5',
]);

/** What scans saw on pages. Pages of a scan that has just been removed are left out. */
async function describe(db: StoreDatabase, found: readonly Found[]): Promise<WebRow[]> {
  if (found.length === 0) return [];
  // One port may have many pages, which are read together.
  const ports = new Map(found.map((row) => [portOf(row), row]));
  const keys = [...ports.values()];
  const rows = await db.query<Seen>(sql`
    SELECT k.place, ${selectPage}, t.version AS tls_version, t.alpn, t.ja3, t.ja3s, t.certificate,
      w.t AS seen
    FROM ${db.dialect.keyTable(keys)} k
    JOIN http_scans w ON w.job_id = k.job_id AND w.host_id = k.host_id
      AND w.transport = k.transport AND w.port = k.port
    LEFT JOIN tls_scans t ON t.job_id = k.job_id AND t.host_id = k.host_id
      AND t.transport = k.transport AND t.port = k.port AND t.server_name = w.tls_server_name
      AND ${isOfJobs(db, 't.job_id', keys)}
    WHERE ${isOfJobs(db, 'w.job_id', keys)}`);
  const places = new Map([...ports.keys()].map((port, place) => [port, place]));
  const seenAt = new Map(rows.map((row) => [`${row.place} ${urlOf(row)}`, row]));
  return found.flatMap((key) => {
    const seen = seenAt.get(`${places.get(portOf(key))} ${urlOf(key)}`);
    return seen ? [toRow(key, seen)] : [];
  });
}

function toRow({ address, port }: Found, seen: Seen): WebRow {
  const { place: _, scheme: _scheme, authority: _authority, path: _path, ...row } = seen;
  return {
    address,
    port,
    url: urlOf(seen),
    ...row,
    h2: Boolean(row.h2),
    tech_tags: textsFromJson(row.tech_tags),
  };
}

function portOf({ job_id: job, host_id: host, transport, port }: PortKey): string {
  return JSON.stringify([job, host, transport, port]);
}

function urlOf({ scheme, authority, path }: PageKey): string {
  return `${scheme}://${authority}${path}`;
}
