import { and, type Sql, sql } from '../sql.ts';
import { type ServiceDetails, servicesOf, titlesOf, unknownService } from './port-details.ts';
import { addressKey } from './hosts.ts';
import type { PortState, Reason, Transport } from '../../core/states.ts';
import {
  jobKey,
  type ListFilter,
  ofTenant,
  whereHosts,
  wherePorts,
  whereService,
} from '../filter.ts';
import { keyset, numberKey, type Page, type PageRequest, readPage, textKey } from '../keyset.ts';
import type { StoreDatabase } from '../store.ts';
import type { PortKey } from '../tables.ts';

/** A port of a host and its service; times are epoch ms. */
export interface PortRow extends ServiceDetails {
  readonly address: string;
  readonly hostname: string | null;
  readonly transport: Transport;
  readonly port: number;
  readonly state: PortState;
  readonly reason: Reason | null;
  readonly service: string | null;
  /** Confidence in the service, 0 … 1. */
  readonly confidence: number | null;
  /** How the service was identified; `port` is a guess from the port number. */
  readonly method: string | null;
  /** Title of its web page. */
  readonly title: string | null;
  readonly first_seen: number;
  readonly last_seen: number;
}

export type PortFilter = Pick<
  ListFilter,
  'hosts' | 'ports' | 'scan' | 'service' | 'since' | 'state'
>;

type Found = Omit<PortRow, keyof ServiceDetails | 'title'> &
  Pick<PortRow, 'product' | 'version'> &
  PortKey;

/**
 * Ports by address, transport and number: the current state or, with `scan`, as one scan saw them.
 *
 * Reads the page's rows first, then the scans' details for just these rows. Where facts are
 * partitioned, other partitions are then not even planned for.
 */
export async function listPorts(
  db: StoreDatabase,
  filter: PortFilter = {},
  page: PageRequest = {},
): Promise<Page<PortRow>> {
  const { dialect } = db;
  const source = filter.scan === undefined ? inventory : ofScan(db, filter.scan);
  const byPort = keyset<Found>([
    addressKey(db),
    textKey(sql`p.transport`, ({ transport }) => transport),
    numberKey(sql`p.port`, ({ port }) => port),
  ]);
  const { rows, next } = await readPage(page, byPort, ({ after, order, count }) =>
    db.query(sql`
    SELECT hosts.address, ${source.hostname} AS hostname, p.transport, p.port, p.state, p.reason,
      p.service, ${source.product}, p.confidence, p.method, p.first_seen, p.last_seen, p.host_id,
      ${source.job} AS job_id
    FROM hosts
    JOIN ${source.table} p ON p.host_id = hosts.id
    ${filter.service ? source.join : sql``}
    WHERE ${and([
      whereHosts(db, filter.hosts),
      source.where,
      ofTenant(db, 'p'),
      filter.ports && wherePorts('p', filter.ports),
      filter.state && whereState(filter.state),
      filter.service && whereService('p.service', source.productColumn, filter.service),
      filter.since !== undefined && sql`p.last_seen >= ${dialect.time(filter.since)}`,
      after,
    ])}
    ${order} LIMIT ${count}`),
  );
  return { rows: await describe(db, rows, filter.scan === undefined), next };
}

/** Adds the scans' details about services and pages. */
async function describe(
  db: StoreDatabase,
  found: readonly Found[],
  isInventory: boolean,
): Promise<PortRow[]> {
  const services = await servicesOf(db, found, { orNewest: isInventory });
  const titles = await titlesOf(db, found, { orNewest: isInventory });
  return found.map(({ job_id: _job, host_id: _host, ...row }, place) => {
    const service = services.get(place) ?? unknownService;
    const { product, version } = isInventory ? row : service;
    return { ...row, ...service, product, version, title: titles.get(place) ?? null };
  });
}

/** Writes 'open' as a literal, because only then can the index on open ports be used. */
function whereState(state: PortState): Sql {
  return state === 'open' ? sql`p.state = 'open'` : sql`p.state = ${state}`;
}

/** The source of ports: the inventory or one scan's observations. */
interface Source {
  readonly table: Sql;
  readonly hostname: Sql;
  /** The scan that saw it, which has the service's other details. */
  readonly job: Sql;
  readonly product: Sql;
  readonly productColumn: string;
  /** Join needed to search for a service. */
  readonly join: Sql;
  readonly where?: Sql;
}

const inventory: Source = {
  table: sql`host_ports`,
  hostname: sql`hosts.hostname`,
  job: sql`p.last_job_id`,
  product: sql`p.product, p.version`,
  productColumn: 'p.product',
  join: sql``,
};

function ofScan(db: StoreDatabase, scan: string): Source {
  const job = jobKey(db, scan);
  return {
    table: sql`port_scans`,
    hostname: sql`(SELECT hs.hostname FROM host_scans hs
      WHERE hs.job_id = ${job} AND hs.host_id = p.host_id)`,
    job: sql`p.job_id`,
    product: sql`NULL AS product, NULL AS version`,
    productColumn: 's.product',
    join: sql`LEFT JOIN services s ON s.job_id = ${job} AND s.host_id = p.host_id
      AND s.transport = p.transport AND s.port = p.port`,
    where: sql`p.job_id = ${job}`,
  };
}
