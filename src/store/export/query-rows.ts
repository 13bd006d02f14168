import { softwareDetails } from '../../core/service-details.ts';
import { jobKey, tenantKey } from '../filter.ts';
import { and, join, identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { paged, type RowBatches } from './data-set-rows.ts';
import { exportBatch } from './service-events.ts';
import { type FactTables, fromJson, type Key, type ServiceDetails } from '../tables.ts';

/**
 * Rows of the tables that `portolan query` has beside the V1 data set, as arrays in the order of
 * their columns, in batches.
 */

interface PortPlace {
  readonly host_id: Key;
  readonly address: string;
  readonly transport: string;
  readonly port: number;
}

/** Products and versions, by port. @param ids UUIDs of scans */
export async function* serviceRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    const pages = paged<PortPlace & ServiceDetails>(
      db,
      (after) => sql`
        SELECT f.*, h.address FROM services f JOIN hosts h ON h.id = f.host_id
        WHERE f.job_id = ${jobKey(db, id)} AND ${and([after && behind(after)])}
        ORDER BY f.host_id, f.transport, f.port LIMIT ${exportBatch}`,
    );
    for await (const rows of pages) {
      yield rows.map((row) => {
        return [portId(id, row), ...softwareDetails.map((detail) => row[detail])];
      });
    }
  }
}

/** TLS handshakes, by port. @param ids UUIDs of scans */
export async function* tlsRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    const pages = paged<PortPlace & FactTables['tls_scans']>(db, (after) => {
      const beyond = after && behind(after, after.server_name);
      return sql`
        SELECT f.*, h.address FROM tls_scans f JOIN hosts h ON h.id = f.host_id
        WHERE f.job_id = ${jobKey(db, id)} AND ${and([beyond])}
        ORDER BY f.host_id, f.transport, f.port, f.server_name LIMIT ${exportBatch}`;
    });
    for await (const rows of pages) {
      yield rows.map((row) => {
        const { server_name: asked, version, cipher, alpn, ja3, ja3s, certificate, t } = row;
        return [portId(id, row), asked, version, cipher, alpn, ja3, ja3s, certificate, t];
      });
    }
  }
}

type CertificateRecord = Readonly<Record<string, string | number | boolean | null>>;

/** Every certificate, once. */
export async function* certificateRows(db: StoreDatabase): RowBatches {
  const pages = paged<CertificateRecord>(
    db,
    (after) => sql`
      SELECT c.* FROM certificates c
      WHERE ${and([
        sql`c.tenant_id = ${tenantKey(db)}`,
        after && sql`c.sha256 > ${after['sha256']}`,
      ])}
      ORDER BY c.sha256 LIMIT ${exportBatch}`,
  );
  const columns = ['sha256', 'subject', 'issuer', 'serial', 'not_before', 'not_after', 'names'];
  const more = ['key_type', 'key_bits', 'is_self_signed', 'first_seen', 'last_seen', 'pem'];
  for await (const rows of pages) {
    yield rows.map((row) =>
      [...columns, ...more].map((column) => {
        const value = row[column] ?? null;
        if (column === 'names') return JSON.stringify(fromJson(value));
        return typeof value === 'boolean' ? Number(value) : value;
      }),
    );
  }
}

type HostRecord = Readonly<Record<string, string | number | null>> & { readonly id: Key };

/** What is known of every host now. */
export async function* inventoryHostRows(db: StoreDatabase): RowBatches {
  const uuid = identifier(`h.${db.dialect.uuidColumn}`);
  const pages = paged<HostRecord>(
    db,
    (after) => sql`
      SELECT h.*, ${uuid} AS host_uuid FROM hosts h
      WHERE ${and([
        sql`h.tenant_id = ${tenantKey(db)}`,
        after && sql`h.id > ${after.id}`,
      ])} ORDER BY h.id LIMIT ${exportBatch}`,
  );
  const columns = ['host_uuid', 'address', 'hostname', 'status', 'mac', 'vendor', 'os_family'];
  const more = ['asn', 'org', 'suspect', 'first_seen', 'last_seen', 'checked_at'];
  for await (const rows of pages) {
    yield rows.map((row) => [...columns, ...more].map((column) => row[column]));
  }
}

type PortRecord = PortPlace & Readonly<Record<string, unknown>>;

/** What is known of every port now. */
export async function* inventoryPortRows(db: StoreDatabase): RowBatches {
  const uuid = identifier(`j.${db.dialect.uuidColumn}`);
  const pages = paged<PortRecord>(
    db,
    (after) => sql`
      SELECT f.*, h.address, h.hostname, ${uuid} AS run_id FROM host_ports f
      JOIN hosts h ON h.id = f.host_id LEFT JOIN scan_jobs j ON j.id = f.last_job_id
      WHERE ${and([sql`h.tenant_id = ${tenantKey(db)}`, after && behind(after)])}
      ORDER BY f.host_id, f.transport, f.port LIMIT ${exportBatch}`,
  );
  const columns = ['address', 'hostname', 'transport', 'port', 'state', 'reason', 'service'];
  const what = ['product', 'version', 'confidence', 'method', 'first_seen', 'last_seen'];
  for await (const rows of pages) {
    yield rows.map((row) =>
      [...columns, ...what, 'checked_at', 'last_changed', 'run_id'].map((column) => row[column]),
    );
  }
}

function portId(id: string, { address, transport, port }: PortPlace): string {
  return `${id}/${address}/${transport}/${port}`;
}

/** The condition that a row stands behind one. */
function behind({ host_id, transport, port }: PortPlace, serverName?: string): Sql {
  if (serverName === undefined) {
    return sql`(f.host_id, f.transport, f.port) > (${join([host_id, transport, port])})`;
  }
  const key = join([host_id, transport, port, serverName]);
  return sql`(f.host_id, f.transport, f.port, f.server_name) > (${key})`;
}
