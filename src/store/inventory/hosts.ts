import { and, identifier, type Sql, sql } from '../sql.ts';
import { parseAddress } from '../../core/address.ts';
import type { HostState } from '../../core/states.ts';
import { AppError } from '../../errors.ts';
import { type HostSelection, jobKey, type ListFilter, whereHosts } from '../filter.ts';
import {
  type KeyColumn,
  keyset,
  type Page,
  type PageRequest,
  readPage,
  textKey,
} from '../keyset.ts';
import type { StoreDatabase } from '../store.ts';

/** A host; times are epoch ms. */
export interface HostRow {
  readonly id: string;
  readonly address: string;
  readonly hostname: string | null;
  readonly state: HostState;
  readonly reason: string | null;
  readonly open_ports: number;
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly os_family: string | null;
  readonly asn: number | null;
  readonly org: string | null;
  /** Why its answers are suspect: `all-open`. */
  readonly suspect: string | null;
  readonly first_seen: number;
  /** When it was last up; null if never. */
  readonly last_seen: number | null;
}

export type HostFilter = Pick<ListFilter, 'hosts' | 'scan' | 'since'> & {
  readonly state?: HostState | undefined;
};

/** Hosts by address: the current state or, with `scan`, what one scan saw. */
export async function listHosts(
  db: StoreDatabase,
  filter: HostFilter = {},
  page: PageRequest = {},
): Promise<Page<HostRow>> {
  const { dialect } = db;
  const seen = filter.scan === undefined ? inventory : ofScan(db, filter.scan);
  const byAddress = keyset<HostRow>([addressKey(db)]);
  return await readPage(page, byAddress, ({ after, order, count }) =>
    db.query(sql`
    SELECT ${identifier(`hosts.${dialect.uuidColumn}`)} AS id, hosts.address, ${seen.columns},
      hosts.first_seen, hosts.last_seen
    FROM hosts ${seen.join}
    WHERE ${and([
      whereHosts(db, filter.hosts),
      filter.state && sql`${seen.state} = ${filter.state}`,
      filter.since !== undefined && sql`hosts.last_seen >= ${dialect.time(filter.since)}`,
      after,
    ])}
    ${order} LIMIT ${count}`),
  );
}

/**
 * One host of the inventory.
 *
 * @throws AppError NOT_FOUND
 */
export async function getHost(db: StoreDatabase, selection: HostSelection): Promise<HostRow> {
  const { rows } = await listHosts(db, { hosts: selection }, { limit: 2 });
  const [host, other] = rows;
  if (!host) {
    throw new AppError('NOT_FOUND', 'no scan has seen this host ("portolan hosts" lists all)');
  }
  if (other) {
    throw new AppError('AMBIGUOUS', `several hosts match: ${host.address}, ${other.address}, …`);
  }
  return host;
}

/** The source of a list: the inventory or one scan's observations. */
interface Source {
  readonly columns: Sql;
  readonly join: Sql;
  readonly state: Sql;
}

const inventory: Source = {
  columns: sql`hosts.hostname, hosts.status AS state, NULL AS reason,
    (SELECT CAST(count(*) AS INTEGER) FROM host_ports p
      WHERE p.host_id = hosts.id AND p.state = 'open') AS open_ports,
    hosts.mac, hosts.vendor, hosts.os_family, hosts.asn, hosts.org, hosts.suspect`,
  join: sql``,
  state: sql`hosts.status`,
};

function ofScan(db: StoreDatabase, scan: string): Source {
  return {
    columns: sql`s.hostname, s.state, s.reason,
      (SELECT CAST(count(*) AS INTEGER) FROM port_scans p
        WHERE p.job_id = s.job_id AND p.host_id = s.host_id AND p.state = 'open') AS open_ports,
      s.mac, s.vendor, s.os_family, s.asn, s.org, s.suspect`,
    join: sql`JOIN host_scans s ON s.host_id = hosts.id AND s.job_id = ${jobKey(db, scan)}`,
    state: sql`s.state`,
  };
}

/** Orders hosts by address. */
export function addressKey({ dialect }: StoreDatabase): KeyColumn<{ readonly address: string }> {
  return textKey(
    identifier(`hosts.${dialect.addressColumn}`),
    ({ address }) => address,
    (text) => dialect.addressBound(parseAddress(text)),
  );
}
