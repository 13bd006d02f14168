import { join, identifier, type Sql, sql } from './sql.ts';
import { portRuns, type PortSet } from '../core/ports.ts';
import type { PortState } from '../core/states.ts';
import { type AddressRange, parseTarget } from '../core/targets.ts';
import type { StoreDatabase } from './store.ts';

/** Hosts by address or name. A host matches if any entry matches. */
export interface HostSelection {
  readonly ranges: readonly AddressRange[];
  readonly names: readonly string[];
}

/** Filters shared by lists. Each list uses those that apply to it. */
export interface ListFilter {
  readonly hosts?: HostSelection | undefined;
  readonly ports?: PortSet | undefined;
  readonly state?: PortState | undefined;
  /** A service's name or part of its product's name; case-insensitive. */
  readonly service?: string | undefined;
  /** Rows as one scan saw them: the job's UUID. */
  readonly scan?: string | undefined;
  /** Seen at or after, epoch ms. */
  readonly since?: number | undefined;
}

/**
 * Parses command-line words as a selection of hosts. No words select every host.
 *
 * @throws AppError INVALID_TARGET
 */
export function selectHosts(words: readonly string[]): HostSelection | undefined {
  if (words.length === 0) return undefined;
  const targets = words.map(parseTarget);
  return {
    ranges: targets.flatMap((target) => (target.kind === 'range' ? [target.range] : [])),
    names: targets.flatMap((target) => (target.kind === 'name' ? [target.text] : [])),
  };
}

/** The condition on `hosts` for a selection: the user's tenant, and any range or name. */
export function whereHosts(db: StoreDatabase, selection: HostSelection | undefined): Sql {
  const { dialect } = db;
  const tenant = sql`hosts.tenant_id = ${tenantKey(db)}`;
  if (!selection) return sql`${tenant}`;
  const address = identifier(`hosts.${dialect.addressColumn}`);
  const any = [
    ...selection.ranges.map(({ family, first, last }) => {
      const [from, to] = [first, last].map((value) => dialect.addressBound({ family, value }));
      return sql`${address} BETWEEN ${from} AND ${to}`;
    }),
    ...selection.names.map((hostname) => sql`hosts.hostname = ${hostname}`),
  ];
  return sql`${tenant} AND (${join(any, sql` OR `)})`;
}

/**
 * The condition on a table with `transport` and `port` for a set of ports. Consecutive ports form
 * ranges, so all 65,535 are one comparison.
 */
export function wherePorts(table: string, { tcp, udp }: PortSet): Sql {
  const runs = Object.entries({ tcp, udp }).flatMap(([transport, ports]) =>
    portRuns(ports).map(
      ({ first, last }) =>
        sql`(${identifier(`${table}.transport`)} = ${transport}
          AND ${identifier(`${table}.port`)} BETWEEN ${first} AND ${last})`,
    ),
  );
  return sql`(${join(runs, sql` OR `)})`;
}

/** Matches a service whose name is the text or whose product contains it. */
export function whereService(service: string, product: string, text: string): Sql {
  const word = text.toLowerCase();
  const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(lower(${identifier(service)}) = ${word}
    OR lower(${identifier(product)}) LIKE ${pattern} ESCAPE '\\')`;
}

/** The key of the connection's tenant, to compare with `tenant_id`. */
export function tenantKey({ dialect, tenantId }: StoreDatabase): Sql {
  return dialect.keyOf('tenants', tenantId);
}

/** The internal key of a scan, to compare with `job_id`. */
export function jobKey({ dialect }: StoreDatabase, scan: string): Sql {
  return dialect.keyOf('scan_jobs', scan);
}

/** Restricts facts to the tenant, in stores whose facts have a tenant column. */
export function ofTenant({ dialect, tenantId }: StoreDatabase, table: string): Sql | undefined {
  return dialect.isOfTenant(table, tenantId);
}
