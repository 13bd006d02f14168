import { none, type PortColumns } from '../../core/event-batch.ts';
import type { Service } from '../../core/events.ts';
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
import { sqliteWords } from './merge-syntax.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import type { Statements } from './statements.ts';
import type { HostKeys, JobKey } from './write-hosts.ts';
import { rowSelect, writeRows } from './write-rows.ts';

/**
 * Distinct combinations of values shared by ports of a batch. Most rows are a host, a number and
 * two times plus one of a few dozen combinations, and binding a text costs more than looking it up.
 */
const aboutPort = ['transport', ...portScanColumns] as const;

const makeKinds = `
  CREATE TEMP TABLE IF NOT EXISTS port_kinds (id INTEGER PRIMARY KEY,
    ${[...aboutPort, ...serviceDetails].join(', ')})`;
const insertKind = `
  INSERT INTO port_kinds VALUES (?${', ?'.repeat(aboutPort.length + serviceDetails.length)})`;

const insertPorts = rowSelect(
  `INSERT INTO port_scans (job_id, host_id, port, first_seen, last_seen, ${aboutPort.join(', ')})
   SELECT ?1, r.column1, r.column2, r.column4, r.column5, ${aboutPort.map((name) => `k.${name}`).join(', ')}`,
  5,
  `CROSS JOIN port_kinds k ON k.id = r.column3 WHERE true ${mergePortScans(sqliteWords)}`,
);

const insertServices = rowSelect(
  `INSERT INTO services (job_id, host_id, port, last_seen, transport, ${serviceDetails.join(', ')})
   SELECT ?1, r.column1, r.column2, r.column4, k.transport, ${serviceDetails.map((name) => `k.${name}`).join(', ')}`,
  4,
  `CROSS JOIN port_kinds k ON k.id = r.column3 WHERE true ${mergeServices}`,
);

/** The inventory's current state, taken from port_scans. */
const updateHostPorts = (where: string): string => `
  INSERT INTO host_ports (${hostPortColumns})
  SELECT ${asHostPort('s', 'p.job_id')}
  FROM port_scans p
  LEFT JOIN services s ON s.job_id = p.job_id AND s.host_id = p.host_id
    AND s.transport = p.transport AND s.port = p.port
  WHERE ${where}
  ${mergeHostPorts(sqliteWords)}`;

/** Details of a service from an earlier observation in this job, now replaced by a later one. */
const forgetServices = `
  DELETE FROM services WHERE job_id = ? AND host_id = ? AND EXISTS (
    SELECT 1 FROM port_scans p WHERE p.job_id = services.job_id AND p.host_id = services.host_id
      AND p.transport = services.transport AND p.port = services.port
      AND p.last_seen > services.last_seen)`;

const updateFromNew = updateHostPorts('p.rowid > ?');
const updateFromHost = updateHostPorts('p.job_id = ? AND p.host_id = ?');

/** Records port observations in the job and in the inventory. */
export function writePorts(
  prepare: Statements,
  job: JobKey,
  ports: PortColumns,
  hosts: HostKeys,
): void {
  if (ports.length === 0) return;
  const keys = ports.addresses.map((address) => keyOf(hosts, address));
  const mark = maxRowid(prepare);
  const kinds = writeKinds(prepare, ports);
  writeRows(prepare, insertPorts, {
    rows: new PortCursor(ports),
    first: job.id,
    push(values, { row, address, port, first, last }) {
      values.push(entryAt(keys, address), port, kinds[row] ?? null, first, last);
    },
  });
  writeServices(prepare, job, { ports, keys, kinds });
  // A rowid above the mark belongs to this batch. If some rows already existed, all of the job's
  // ports on these hosts are merged instead: more work, same result.
  if (maxRowid(prepare) - mark === ports.length) {
    prepare(updateFromNew).run(mark);
    return;
  }
  for (const host of keys) {
    prepare(forgetServices).run(job.id, host);
    prepare(updateFromHost).run(job.id, host);
  }
}

function maxRowid(prepare: Statements): number {
  const max = prepare('SELECT max(rowid) AS mark FROM port_scans');
  return max.get<{ mark: number | null }>()?.mark ?? 0;
}

/** Numbers the kinds of ports in a batch, and returns each row's number. */
function writeKinds(prepare: Statements, ports: PortColumns): Uint32Array {
  prepare(makeKinds).run();
  prepare('DELETE FROM port_kinds').run();
  const insert = prepare(insertKind);
  const numbers = new Map<number, number>();
  const kinds = new Uint32Array(ports.length);
  for (const { row, transport, state, reason, service } of new PortCursor(ports)) {
    // Codes are below 128, so each combination has a distinct number.
    const code = ((service + 1) * 128 + reason + 1) * 256 + state * 8 + transport;
    let number = numbers.get(code);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(code, number);
      insert.run(
        number,
        entryAt(transports, transport),
        entryAt(portStates, state),
        reason === none ? null : entryAt(reasons, reason),
        ...serviceValues(ports.services[service]),
      );
    }
    kinds[row] = number;
  }
  return kinds;
}

function serviceValues(service: Service | undefined): SQLInputValue[] {
  const { name = null, confidence = null, method = null } = service ?? {};
  return [name, confidence, method, ...serviceDetails.map((field) => service?.[field] ?? null)];
}

function writeServices(
  prepare: Statements,
  job: JobKey,
  { ports, keys, kinds }: { ports: PortColumns; keys: readonly number[]; kinds: Uint32Array },
): void {
  const isDetailed = ports.services.map(hasMoreThanName);
  if (!isDetailed.includes(true)) return;
  const cursor = new PortCursor(ports);
  const rows: number[] = [];
  for (const { row, service } of cursor) if (isDetailed[service]) rows.push(row);
  writeRows(prepare, insertServices, {
    rows,
    first: job.id,
    push(values, row) {
      const { address, port, last } = cursor.at(row);
      values.push(entryAt(keys, address), port, kinds[row] ?? null, last);
    },
  });
}

function hasMoreThanName(service: Service): boolean {
  return serviceDetails.some((field) => service[field] !== undefined);
}
