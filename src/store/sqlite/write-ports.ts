import { none, type PortColumns } from '../../core/event-batch.ts';
import { portStates, reasons, transports } from '../../core/states.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import type { Statements } from './statements.ts';
import type { HostKeys, JobKey } from './write-hosts.ts';

/** Rows in one statement: 50 beat 1 by a quarter, 200 beat 50 by nothing. */
const rowsPerInsert = 50;

const whereNewer = (column: string): string =>
  `${column} = CASE WHEN excluded.last_seen >= last_seen THEN excluded.${column} ELSE ${column} END`;

const insertPorts = (rows: number): string => `
  INSERT INTO port_scans (job_id, host_id, transport, port, state, reason, service, confidence,
    method, first_seen, last_seen)
  VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}
  ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen),
    ${['state', 'reason', 'service', 'confidence', 'method'].map(whereNewer).join(', ')}`;

const insertManyPorts = insertPorts(rowsPerInsert);
const insertOnePort = insertPorts(1);

const insertServices = (rows: number): string => `
  INSERT INTO services (job_id, host_id, transport, port, product, vendor, version, extra_info,
    cpe, hostname, os_type, device_type, last_seen)
  VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}
  ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    product = excluded.product, vendor = excluded.vendor, version = excluded.version,
    extra_info = excluded.extra_info, cpe = excluded.cpe, hostname = excluded.hostname,
    os_type = excluded.os_type, device_type = excluded.device_type,
    last_seen = excluded.last_seen
  WHERE excluded.last_seen >= last_seen`;

const insertManyServices = insertServices(rowsPerInsert);
const insertOneService = insertServices(1);

const isNewer = 'excluded.checked_at >= checked_at';
/**
 * Whether an observation says more of the service than what is known, or as much and newer. A scan
 * that did not ask what a port is, or guessed from its number, forgets nothing.
 */
const isBetterKnown = `excluded.service IS NOT NULL AND (service IS NULL
  OR (${isNewer} AND (excluded.method IS NOT 'port' OR method IS 'port')
    AND (excluded.service <> service OR excluded.product IS NOT NULL OR product IS NULL)))`;
const ifNewer = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE ${column} END`;
const ifBetterKnown = (column: string): string =>
  `${column} = CASE WHEN ${isBetterKnown} THEN excluded.${column} ELSE ${column} END`;

/** The state known now, taken from port_scans; the newest observation wins. */
const updateHostPorts = (where: string): string => `
  INSERT INTO host_ports (host_id, transport, port, state, reason, service, product, version,
    confidence, method, first_seen, last_seen, checked_at, last_changed, last_job_id)
  SELECT p.host_id, p.transport, p.port, p.state, p.reason, p.service, s.product, s.version,
    p.confidence, p.method, p.first_seen, p.last_seen, p.last_seen, p.first_seen, p.job_id
  FROM port_scans p
  LEFT JOIN services s ON s.job_id = p.job_id AND s.host_id = p.host_id
    AND s.transport = p.transport AND s.port = p.port
  WHERE ${where}
  ON CONFLICT (host_id, transport, port) DO UPDATE SET
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = CASE WHEN excluded.state IN ('open', 'open|filtered')
      THEN max(last_seen, excluded.last_seen) ELSE last_seen END,
    ${['state', 'reason', 'last_job_id'].map(ifNewer).join(', ')},
    ${['service', 'product', 'version', 'confidence', 'method'].map(ifBetterKnown).join(', ')},
    last_changed = CASE WHEN ${isNewer} AND excluded.state <> state
      THEN excluded.checked_at ELSE last_changed END,
    checked_at = max(checked_at, excluded.checked_at)`;

/** What an earlier look at a port of this job told of its service, where a later one replaced it. */
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
  const keys = ports.addresses.map((address) => hosts.get(address)!);
  const mark = maxRowid(prepare);
  insertInGroups(prepare, job, ports, keys);
  writeServices(prepare, job, ports, keys);
  // A rowid above the mark is a row of this batch. Where some rows were known already, the hosts'
  // ports of the whole job are gone through instead: more work, the same outcome.
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
  const row = prepare('SELECT max(rowid) AS mark FROM port_scans').get() as { mark: number | null };
  return row.mark ?? 0;
}

function insertInGroups(
  prepare: Statements,
  job: JobKey,
  ports: PortColumns,
  keys: readonly number[],
): void {
  const many = prepare(insertManyPorts);
  let row = 0;
  for (; row + rowsPerInsert <= ports.length; row += rowsPerInsert) {
    const values: SQLInputValue[] = [];
    for (let i = row; i < row + rowsPerInsert; i++) pushRow(values, job, ports, keys, i);
    many.run(...values);
  }
  const one = prepare(insertOnePort);
  for (; row < ports.length; row++) {
    const values: SQLInputValue[] = [];
    pushRow(values, job, ports, keys, row);
    one.run(...values);
  }
}

function pushRow(
  values: SQLInputValue[],
  job: JobKey,
  ports: PortColumns,
  keys: readonly number[],
  row: number,
): void {
  const service = ports.services[ports.service[row]!];
  const reason = ports.reason[row]!;
  values.push(
    job.id,
    keys[ports.address[row]!]!,
    transports[ports.transport[row]!]!,
    ports.port[row]!,
    portStates[ports.state[row]!]!,
    reason === none ? null : reasons[reason]!,
    service?.name ?? null,
    service?.confidence ?? null,
    service?.method ?? null,
    ports.first[row]!,
    ports.last[row]!,
  );
}

function writeServices(
  prepare: Statements,
  job: JobKey,
  ports: PortColumns,
  keys: readonly number[],
): void {
  const isDetailed = ports.services.map(hasMoreThanName);
  if (!isDetailed.includes(true)) return;
  const rows: number[] = [];
  for (let row = 0; row < ports.length; row++) {
    const index = ports.service[row]!;
    if (index !== none && isDetailed[index]) rows.push(row);
  }
  const push = (values: SQLInputValue[], row: number): void =>
    pushService(values, job, ports, keys, row);
  const many = prepare(insertManyServices);
  let at = 0;
  for (; at + rowsPerInsert <= rows.length; at += rowsPerInsert) {
    const values: SQLInputValue[] = [];
    for (let i = at; i < at + rowsPerInsert; i++) push(values, rows[i]!);
    many.run(...values);
  }
  const one = prepare(insertOneService);
  for (; at < rows.length; at++) {
    const values: SQLInputValue[] = [];
    push(values, rows[at]!);
    one.run(...values);
  }
}

function pushService(
  values: SQLInputValue[],
  job: JobKey,
  ports: PortColumns,
  keys: readonly number[],
  row: number,
): void {
  const service = ports.services[ports.service[row]!]!;
  values.push(
    job.id,
    keys[ports.address[row]!]!,
    transports[ports.transport[row]!]!,
    ports.port[row]!,
    service.product ?? null,
    service.vendor ?? null,
    service.version ?? null,
    service.extra_info ?? null,
    service.cpe ?? null,
    service.hostname ?? null,
    service.os_type ?? null,
    service.device_type ?? null,
    ports.last[row]!,
  );
}

function hasMoreThanName(service: PortColumns['services'][number]): boolean {
  return [
    service.product,
    service.vendor,
    service.version,
    service.extra_info,
    service.cpe,
    service.hostname,
    service.os_type,
    service.device_type,
  ].some((value) => value !== undefined);
}
