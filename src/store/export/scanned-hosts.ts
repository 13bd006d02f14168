import { joinServices, selectServiceDetails } from '../facts/services.ts';
import { jobKey } from '../filter.ts';
import { identifier, type Sql, sql } from '../sql.ts';
import { paged } from './data-set-rows.ts';
import type { StoreDatabase } from '../store.ts';
import type {
  FactTables,
  HostScanRecord,
  Key,
  OsMatchRecord,
  PortScanRecord,
  ScriptRecord,
  ServiceDetails,
  TraceHopRecord,
} from '../tables.ts';

/** A port as one scan saw it, with all that it said. */
export interface ScannedPort {
  readonly port: PortScanRecord & ServiceDetails;
  readonly banners: readonly FactTables['banner_scans'][];
  readonly pages: readonly FactTables['http_scans'][];
  readonly handshakes: readonly (FactTables['tls_scans'] & { readonly pem: string | null })[];
  readonly scripts: readonly ScriptRecord[];
}

/** A host as one scan saw it. */
export interface ScannedHost {
  readonly host: HostScanRecord;
  readonly ports: readonly ScannedPort[];
  /** What scripts made of the host itself. */
  readonly scripts: readonly ScriptRecord[];
  /** Best first. */
  readonly os_matches: readonly OsMatchRecord[];
  /** By TTL. */
  readonly hops: readonly TraceHopRecord[];
}

/** Hosts whose ports are read at a time. */
const hostsAtATime = 100;

/** The hosts of a scan one after the other, each with its ports; memory holds some of them. */
export async function* scannedHosts(db: StoreDatabase, id: string): AsyncGenerator<ScannedHost> {
  const pages = paged<HostScanRecord>(
    db,
    (after) => sql`
      SELECT s.*, h.address FROM host_scans s JOIN hosts h ON h.id = s.host_id
      WHERE s.job_id = ${jobKey(db, id)} AND ${after ? sql`s.host_id > ${after.host_id}` : sql`1 = 1`}
      ORDER BY s.host_id LIMIT ${hostsAtATime}`,
    hostsAtATime,
  );
  for await (const hosts of pages) yield* withPorts(db, id, hosts);
}

async function* withPorts(
  db: StoreDatabase,
  id: string,
  hosts: readonly HostScanRecord[],
): AsyncGenerator<ScannedHost> {
  const among = (table: string): Sql => sql`${identifier(`${table}.job_id`)} = ${jobKey(db, id)}
    AND ${identifier(`${table}.host_id`)} BETWEEN ${hosts[0]!.host_id} AND ${hosts.at(-1)!.host_id}`;
  const ports = await db.query<ScannedPort['port']>(sql`
    SELECT p.*, ${selectServiceDetails} FROM port_scans p ${joinServices}
    WHERE ${among('p')} ORDER BY p.host_id, p.transport, p.port`);
  const facts = <Row extends Place>(table: string, more = sql``, join = sql``): Promise<Row[]> =>
    db.query<Row>(sql`SELECT f.*${more} FROM ${identifier(table)} f ${join}
      WHERE ${among('f')} ORDER BY f.host_id, f.transport, f.port`);
  const banners = byPort(await facts<FactTables['banner_scans']>('banner_scans'));
  const pages = byPort(await facts<FactTables['http_scans']>('http_scans'));
  const handshakes = byPort(
    await facts<ScannedPort['handshakes'][number]>('tls_scans', sql`, c.pem`, joinCertificate),
  );
  const scripts = byPort(await facts<ScriptRecord>('script_results'));
  const checks = <Row extends { host_id: Key }>(table: string, order: string): Promise<Row[]> =>
    db.query<Row>(sql`SELECT f.* FROM ${identifier(table)} f WHERE ${among('f')}
      ORDER BY f.host_id, ${identifier(`f.${order}`)}`);
  const matches = byHost(await checks<OsMatchRecord>('os_matches', 'place'));
  const hops = byHost(await checks<TraceHopRecord>('trace_hops', 'ttl'));
  const portsOf = byHost(ports);
  for (const host of hosts) {
    yield {
      host,
      ports: portsOf(host).map((port) => ({
        port,
        banners: banners(port),
        pages: pages(port),
        handshakes: handshakes(port),
        scripts: scripts(port),
      })),
      scripts: scripts({ ...host, transport: '', port: 0 }),
      os_matches: matches(host),
      hops: hops(host),
    };
  }
}

const joinCertificate: Sql = sql`JOIN scan_jobs j ON j.id = f.job_id
  LEFT JOIN certificates c ON c.tenant_id = j.tenant_id AND c.sha256 = f.certificate`;

interface Place {
  readonly host_id: Key;
  readonly transport: string;
  readonly port: number;
}

function byHost<Row extends { host_id: Key }>(
  rows: readonly Row[],
): (host: { host_id: Key }) => readonly Row[] {
  const groups = Map.groupBy(rows, ({ host_id: host }) => host);
  return ({ host_id: host }) => groups.get(host) ?? [];
}

function byPort<Row extends Place>(rows: readonly Row[]): (port: Place) => readonly Row[] {
  const keyOf = (row: Place): string =>
    `${JSON.stringify(row.host_id)}/${row.transport}/${row.port}`;
  const groups = Map.groupBy(rows, keyOf);
  return (port) => groups.get(keyOf(port)) ?? [];
}
