import { softwareDetails } from '../../core/service-details.ts';
import { handshakes } from '../facts/handshake.ts';
import { exportBatch, rowBatches } from '../facts/read-rows.ts';
import { services } from '../facts/scanned-port.ts';
import { tenantKey } from '../filter.ts';
import { and, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson, type Key, type PortKey } from '../tables.ts';
import { paged, portId, type RowBatches } from './data-set-rows.ts';

/**
 * Rows of the tables that `portolan query` adds to the V1 data set, as arrays in column order, in
 * batches.
 */

/** Products and versions, by port. @param ids UUIDs of scans */
export async function* serviceRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    for await (const rows of rowBatches({ db, id }, services)) {
      yield rows.map((row) => [portId(id, row), ...softwareDetails.map((detail) => row[detail])]);
    }
  }
}

/** TLS handshakes, by port. @param ids UUIDs of scans */
export async function* tlsRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    for await (const rows of rowBatches({ db, id }, handshakes)) {
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

/** The current state of every host. */
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

type PortRecord = PortKey & Readonly<Record<string, unknown>>;

/** The current state of every port. */
export async function* inventoryPortRows(db: StoreDatabase): RowBatches {
  const uuid = identifier(`j.${db.dialect.uuidColumn}`);
  const pages = paged<PortRecord>(
    db,
    (after) => sql`
      SELECT f.*, h.address, h.hostname, ${uuid} AS run_id FROM host_ports f
      JOIN hosts h ON h.id = f.host_id LEFT JOIN scan_jobs j ON j.id = f.last_job_id
      WHERE ${and([
        sql`h.tenant_id = ${tenantKey(db)}`,
        after &&
          sql`(f.host_id, f.transport, f.port) >
          (${after.host_id}, ${after.transport}, ${after.port})`,
      ])}
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
