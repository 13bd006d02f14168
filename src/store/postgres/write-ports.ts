import { none, type PortColumns } from '../../core/event-batch.ts';
import { recordOf } from '../../core/record-of.ts';
import { entryAt, PortCursor } from '../../core/port-cursor.ts';
import { serviceDetails } from '../../core/service-details.ts';
import { portStates, reasons, transports } from '../../core/states.ts';
import { keyOf } from '../facts/host-keys.ts';
import {
  asHostPort,
  hostPortColumns,
  mergeHostPorts,
  mergePortScans,
  mergeServices,
  portScanColumns,
} from '../facts/merge-ports.ts';
import { BinaryCopy, textField, uuidBytes } from './binary-copy.ts';
import { postgresWords } from './merge-syntax.ts';
import { copyInto, type StagingTable } from './staging.ts';
import type { HostIds, WrittenHosts, Writer } from './write-hosts.ts';

/** The ports of a batch, each once. */
export const stagedPorts = {
  name: 'staged_ports',
  columns: {
    host_id: 'uuid',
    transport: 'text',
    port: 'integer',
    state: 'text',
    reason: 'text',
    service: 'text',
    confidence: 'double precision',
    method: 'text',
    ...recordOf(serviceDetails, () => 'text' as const),
    first_seen: 'timestamptz',
    last_seen: 'timestamptz',
  },
} satisfies StagingTable;

const upsertPorts = `
  INSERT INTO port_scans (tenant_id, job_id, host_id, transport, port, first_seen, last_seen,
    ${portScanColumns.join(', ')})
  SELECT $1, $2, host_id, transport, port, first_seen, last_seen, ${portScanColumns.join(', ')}
  FROM staged_ports
  ${mergePortScans(postgresWords)}`;

const hasDetails = `coalesce(${serviceDetails.join(', ')}) IS NOT NULL`;

const upsertServices = `
  INSERT INTO services (tenant_id, job_id, host_id, transport, port, ${serviceDetails.join(', ')},
    last_seen)
  SELECT $1, $2, host_id, transport, port, ${serviceDetails.join(', ')}, last_seen
  FROM staged_ports WHERE ${hasDetails}
  ${mergeServices}`;

/** Details of a service from an earlier observation in this job, now replaced by a later one. */
const forgetServices = `
  DELETE FROM services s USING staged_ports p
  WHERE s.job_id = $1 AND s.host_id = p.host_id AND s.transport = p.transport AND s.port = p.port
    AND p.last_seen > s.last_seen`;

/** The inventory's current state. */
const updateHostPorts = (from: string, service: string): string => `
  INSERT INTO host_ports (tenant_id, ${hostPortColumns})
  SELECT $1, ${asHostPort(service, '$2')}
  FROM ${from}
  ${mergeHostPorts(postgresWords)}`;

/** For hosts that are new to the job, the batch has all of the job's rows. */
const updateFromBatch = updateHostPorts('staged_ports p', 'p');
const updateFromJob = updateHostPorts(
  `staged_ports b
    JOIN port_scans p ON p.job_id = $2 AND p.host_id = b.host_id AND p.transport = b.transport
      AND p.port = b.port
    LEFT JOIN services s ON s.job_id = $2 AND s.host_id = b.host_id AND s.transport = b.transport
      AND s.port = b.port`,
  's',
);

/** Records port observations in the job and in the inventory. */
export async function writePorts(
  { client, tenantId, jobId }: Writer,
  ports: PortColumns,
  { ids, areKnown }: WrittenHosts,
): Promise<void> {
  if (ports.length === 0) return;
  const copy = new BinaryCopy(256 * 1024);
  await copyInto(client, stagedPorts.name, copy, () => encodePorts(copy, ports, ids));
  await client.query(upsertPorts, [tenantId, jobId]);
  if (
    ports.services.some((service) => serviceDetails.some((detail) => service[detail] !== undefined))
  ) {
    await client.query(upsertServices, [tenantId, jobId]);
  }
  if (areKnown) await client.query(forgetServices, [jobId]);
  await client.query(areKnown ? updateFromJob : updateFromBatch, [tenantId, jobId]);
}

const transportFields = transports.map(textField);
const stateFields = portStates.map(textField);
const reasonFields = reasons.map(textField);

/** The rows of a batch, with rows of the same port merged as if they had arrived one by one. */
function* encodePorts(copy: BinaryCopy, ports: PortColumns, ids: HostIds): Generator<void> {
  const hosts = ports.addresses.map((address) => uuidBytes(keyOf(ids, address)));
  const services = ports.services.map(serviceFields);
  const unknownService = nullFields(serviceFieldCount);
  const { latest, first } = onePerPort(ports);
  const columnCount = Object.keys(stagedPorts.columns).length;
  const cursor = new PortCursor(ports);
  for (const row of latest) {
    const { address, transport, port, state, reason, service, last } = cursor.at(row);
    copy.row(columnCount);
    copy.bytes(entryAt(hosts, address));
    copy.field(entryAt(transportFields, transport));
    copy.int4(port);
    copy.field(entryAt(stateFields, state));
    if (reason === none) copy.null();
    else copy.field(entryAt(reasonFields, reason));
    copy.field(service === none ? unknownService : entryAt(services, service));
    copy.time(first.get(row) ?? cursor.first);
    copy.time(last);
    if (copy.isFull) yield;
  }
}

/** Encoded service, confidence, method and details. */
const serviceFieldCount = 3 + serviceDetails.length;

function serviceFields(service: PortColumns['services'][number]): Buffer {
  const copy = new BinaryCopy(256);
  copy.take();
  const text = (value: string | undefined): void => {
    if (value === undefined) copy.null();
    else copy.text(value);
  };
  text(service.name);
  if (service.confidence === undefined) copy.null();
  else copy.float8(service.confidence);
  text(service.method);
  for (const detail of serviceDetails) text(service[detail]);
  return copy.take();
}

function nullFields(count: number): Buffer {
  const copy = new BinaryCopy(64);
  copy.take();
  for (let i = 0; i < count; i++) copy.null();
  return copy.take();
}

/**
 * The newest row of each port in a batch (on a tie, the later one) and, for a port with several
 * rows, the earliest time.
 */
function onePerPort(ports: PortColumns): {
  latest: Iterable<number>;
  first: ReadonlyMap<number, number>;
} {
  const latest = new Map<number, number>();
  const earliest = new Map<number, number>();
  const other = new PortCursor(ports);
  for (const { row, address, transport, port, first, last } of new PortCursor(ports)) {
    const key = (address * 2 + transport) * 65_536 + port;
    const known = latest.get(key);
    if (known === undefined) {
      latest.set(key, row);
      continue;
    }
    other.at(known);
    earliest.set(key, Math.min(earliest.get(key) ?? other.first, first));
    if (last >= other.last) latest.set(key, row);
  }
  const first = new Map<number, number>();
  for (const [key, t] of earliest) {
    const row = latest.get(key);
    if (row !== undefined) first.set(row, t);
  }
  return { latest: latest.values(), first };
}
