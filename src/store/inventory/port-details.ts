import { recordOf } from '../../core/record-of.ts';
import { softwareDetails, type SoftwareDetail } from '../../core/service-details.ts';
import { join, identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import type { Key, PortKey } from '../tables.ts';

/** Details of a service in a scan, apart from its name. */
export type ServiceDetails = Readonly<Record<SoftwareDetail, string | null>>;

export const unknownService: ServiceDetails = recordOf(softwareDetails, () => null);

const selectSoftware = join(softwareDetails.map((detail) => identifier(`s.${detail}`)));

/** A listed port and its service's name. */
type Listed = PortKey & { readonly service: string | null };

/** A listed port and its known product. */
type ListedProduct = PortKey & { readonly product: string | null };

/**
 * The services that scans saw on ports, by each port's index in the list.
 *
 * @param options.orNewest whether to fall back to the newest scan that saw the port's product if
 *   the port's own scan did not probe it
 */
export async function servicesOf(
  db: StoreDatabase,
  ports: readonly ListedProduct[],
  { orNewest }: { readonly orNewest: boolean },
): Promise<Map<number, ServiceDetails>> {
  const services = await servicesBy(db, ports);
  if (!orNewest) return services;
  const silent = [...ports.entries()].filter(
    ([place, { product }]) => product !== null && (services.get(place)?.product ?? null) === null,
  );
  return await filledFromNewest(db, { silent, table: 'services', read: servicesBy }, services);
}

async function servicesBy(
  db: StoreDatabase,
  ports: readonly PortKey[],
): Promise<Map<number, ServiceDetails>> {
  if (ports.length === 0) return new Map();
  const rows = await db.query<ServiceDetails & { readonly place: number }>(sql`
    SELECT k.place, ${selectSoftware}
    FROM ${db.dialect.keyTable(ports)} k
    JOIN services s ON s.job_id = k.job_id AND s.host_id = k.host_id
      AND s.transport = k.transport AND s.port = k.port
    WHERE ${isOfJobs(db, 's.job_id', ports)}`);
  return new Map(rows.map(({ place, ...service }) => [place, service]));
}

interface Missing<Detail> {
  /** Ports without details from their own scan, with their indexes. */
  readonly silent: readonly (readonly [number, PortKey])[];
  readonly table: 'services' | 'http_scans';
  readonly read: (db: StoreDatabase, ports: readonly PortKey[]) => Promise<Map<number, Detail>>;
}

/** Adds the details from the newest scan that has some. This searches the host's scans. */
async function filledFromNewest<Detail>(
  db: StoreDatabase,
  { silent, table, read }: Missing<Detail>,
  known: Map<number, Detail>,
): Promise<Map<number, Detail>> {
  const seen = await seenBy(
    db,
    silent.map(([, key]) => key),
    table,
  );
  const again = silent.flatMap(([place, key], index) => {
    const job = seen.get(index);
    return job === undefined ? [] : [{ place, key: { ...key, job_id: job } }];
  });
  const older = await read(
    db,
    again.map(({ key }) => key),
  );
  for (const [index, { place }] of again.entries()) {
    const detail = older.get(index);
    if (detail !== undefined) known.set(place, detail);
  }
  return known;
}

/**
 * The titles of the pages that scans saw on ports, by each port's index in the list: the first
 * title in URL order, null if no page has one.
 *
 * @param options.orNewest whether to fall back to the newest scan that saw a page there if the
 *   port's own scan did not look; only for HTTP services, since this searches the host's scans
 */
export async function titlesOf(
  db: StoreDatabase,
  ports: readonly Listed[],
  { orNewest }: { readonly orNewest: boolean },
): Promise<Map<number, string | null>> {
  const titles = await titlesBy(db, ports);
  if (!orNewest) return titles;
  const silent = [...ports.entries()].filter(
    ([place, { service }]) => !titles.has(place) && service?.startsWith('http'),
  );
  return await filledFromNewest(db, { silent, table: 'http_scans', read: titlesBy }, titles);
}

async function titlesBy(
  db: StoreDatabase,
  ports: readonly PortKey[],
): Promise<Map<number, string | null>> {
  const titles = new Map<number, string | null>();
  if (ports.length === 0) return titles;
  const rows = await db.query<{ readonly place: number; readonly title: string | null }>(sql`
    SELECT k.place, w.title FROM ${db.dialect.keyTable(ports)} k
    JOIN http_scans w ON w.job_id = k.job_id AND w.host_id = k.host_id
      AND w.transport = k.transport AND w.port = k.port
    WHERE ${isOfJobs(db, 'w.job_id', ports)}
    ORDER BY k.place, w.scheme, w.authority, w.path`);
  for (const { place, title } of rows) titles.set(place, titles.get(place) ?? title);
  return titles;
}

/** The newest scan with a row for each port in a table, if any. */
async function seenBy(
  db: StoreDatabase,
  ports: readonly PortKey[],
  table: Missing<unknown>['table'],
): Promise<Map<number, Key>> {
  if (ports.length === 0) return new Map();
  const isTelling = table === 'services' ? sql`AND e.product IS NOT NULL` : sql``;
  const rows = await db.query<{ readonly place: number; readonly job_id: Key | null }>(sql`
    SELECT k.place, (
      SELECT hs.job_id FROM host_scans hs
      WHERE hs.host_id = k.host_id AND EXISTS (
        SELECT 1 FROM ${identifier(table)} e WHERE e.job_id = hs.job_id AND e.host_id = k.host_id
          AND e.transport = k.transport AND e.port = k.port ${isTelling})
      ORDER BY hs.t DESC LIMIT 1) AS job_id
    FROM ${db.dialect.keyTable(ports)} k`);
  return new Map(rows.flatMap(({ place, job_id: job }) => (job === null ? [] : [[place, job]])));
}

/**
 * Repeats the scans of some ports as constants if the planner can then skip other months'
 * partitions. SQLite's planner would read all rows of those scans instead.
 */
export function isOfJobs(db: StoreDatabase, column: string, ports: readonly PortKey[]): Sql {
  if (!db.dialect.hasPartitions) return sql`1 = 1`;
  const jobs = [...new Set(ports.map(({ job_id: job }) => job))];
  return sql`${identifier(column)} IN (${join(jobs)})`;
}
