import { allOf, name, type Sql, sql } from './sql.ts';
import { parseAddress } from '../core/address.ts';
import type { PortState, Reason, Transport } from '../core/states.ts';
import {
  jobKey,
  type ListFilter,
  ofTenant,
  whereHosts,
  wherePorts,
  whereService,
} from './filter.ts';
import {
  decodeCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
  toPage,
} from './page.ts';
import type { StoreDatabase } from './store.ts';

/** A port of a host and what runs there; times epoch ms. */
export interface PortRow {
  readonly address: string;
  readonly hostname: string | null;
  readonly transport: Transport;
  readonly port: number;
  readonly state: PortState;
  readonly reason: Reason | null;
  readonly service: string | null;
  readonly product: string | null;
  readonly vendor: string | null;
  readonly version: string | null;
  readonly extra_info: string | null;
  readonly cpe: string | null;
  /** How sure the service is, 0 … 1. */
  readonly confidence: number | null;
  /** How the service was recognised; `port` is a guess from the number. */
  readonly method: string | null;
  /** Title of the page there. */
  readonly title: string | null;
  readonly first_seen: number;
  readonly last_seen: number;
}

export type PortFilter = Pick<
  ListFilter,
  'hosts' | 'ports' | 'scan' | 'service' | 'since' | 'state'
>;

/** Ports by address, transport and number: as known now or, with `scan`, as one scan saw them. */
export async function listPorts(
  db: StoreDatabase,
  filter: PortFilter = {},
  page: PageRequest = {},
): Promise<Page<PortRow>> {
  const limit = pageLimit(page.limit);
  const { dialect } = db;
  const source = filter.scan === undefined ? inventory : ofScan(db, filter.scan);
  const rows = await db.query<PortRow>(sql`
    SELECT hosts.address, ${source.hostname} AS hostname, p.transport, p.port, p.state, p.reason, p.service,
      ${source.product}, s.vendor, s.extra_info, s.cpe, p.confidence, p.method,
      (SELECT w.title FROM http_scans w
        WHERE w.job_id = ${source.pages} AND w.host_id = p.host_id
          AND w.transport = p.transport AND w.port = p.port AND w.title IS NOT NULL
        ORDER BY w.scheme, w.authority, w.path LIMIT 1) AS title,
      p.first_seen, p.last_seen
    FROM hosts
    JOIN ${source.table} p ON p.host_id = hosts.id
    LEFT JOIN services s ON s.job_id = ${source.job} AND s.host_id = p.host_id
      AND s.transport = p.transport AND s.port = p.port
    WHERE ${allOf([
      whereHosts(db, filter.hosts),
      source.where,
      ofTenant(db, 'p'),
      filter.ports && wherePorts('p', filter.ports),
      filter.state && whereState(filter.state),
      filter.service && whereService('p.service', source.productColumn, filter.service),
      filter.since !== undefined && sql`p.last_seen >= ${dialect.time(filter.since)}`,
      page.after !== undefined && afterPort(db, page.after),
    ])}
    ORDER BY ${name(`hosts.${dialect.addressColumn}`)}, p.transport, p.port
    LIMIT ${limit + 1}`);
  return toPage(rows, limit, ({ address, transport, port }) =>
    encodeCursor([address, transport, port]),
  );
}

/** As text of the query where it is 'open': only so does the index on open ports serve it. */
function whereState(state: PortState): Sql {
  return state === 'open' ? sql`p.state = 'open'` : sql`p.state = ${state}`;
}

/** Where ports come from: the inventory, or one scan's observations. */
interface Source {
  readonly table: Sql;
  readonly hostname: Sql;
  /** The scan that saw it, which is where the rest of what is known of the service stands. */
  readonly job: Sql;
  /** The scan that the title is of. */
  readonly pages: Sql;
  readonly product: Sql;
  readonly productColumn: string;
  readonly where?: Sql;
}

const inventory: Source = {
  table: sql`host_ports`,
  hostname: sql`hosts.hostname`,
  job: sql`p.last_job_id`,
  // The newest that saw a page there: a later one may have asked the port nothing. Only of what
  // speaks HTTP, since this looks through the scans of the host.
  pages: sql`CASE WHEN p.service LIKE 'http%' THEN (
    SELECT hs.job_id FROM host_scans hs
    WHERE hs.host_id = p.host_id AND EXISTS (
      SELECT 1 FROM http_scans e WHERE e.job_id = hs.job_id AND e.host_id = p.host_id
        AND e.transport = p.transport AND e.port = p.port)
    ORDER BY hs.t DESC LIMIT 1) END`,
  product: sql`p.product, p.version`,
  productColumn: 'p.product',
};

function ofScan(db: StoreDatabase, scan: string): Source {
  return {
    table: sql`port_scans`,
    hostname: sql`(SELECT hs.hostname FROM host_scans hs
      WHERE hs.job_id = p.job_id AND hs.host_id = p.host_id)`,
    job: sql`p.job_id`,
    pages: sql`p.job_id`,
    product: sql`s.product, s.version`,
    productColumn: 's.product',
    where: sql`p.job_id = ${jobKey(db, scan)}`,
  };
}

function afterPort({ dialect }: StoreDatabase, cursor: string): Sql {
  const [address, transport, port] = decodeCursor(cursor, ['string', 'string', 'number']);
  const column = name(`hosts.${dialect.addressColumn}`);
  return sql`(${column}, p.transport, p.port) >
    (${dialect.addressBound(parseAddress(address))}, ${transport}, ${port})`;
}
