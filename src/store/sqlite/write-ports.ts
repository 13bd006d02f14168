import { none, type PortColumns } from '../../core/event-batch.ts';
import type { Service } from '../../core/events.ts';
import { portStates, reasons, transports } from '../../core/states.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import type { Statements } from './statements.ts';
import type { HostKeys, JobKey } from './write-hosts.ts';
import { rowInsert, writeRows } from './write-rows.ts';

const whereNewer = (column: string): string =>
  `${column} = CASE WHEN excluded.last_seen >= last_seen THEN excluded.${column} ELSE ${column} END`;

const insertPorts = rowInsert(
  'port_scans',
  [
    'job_id',
    'host_id',
    'transport',
    'port',
    'state',
    'reason',
    'service',
    'confidence',
    'method',
    'first_seen',
    'last_seen',
  ],
  `ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen),
    ${['state', 'reason', 'service', 'confidence', 'method'].map(whereNewer).join(', ')}`,
);

const aboutService = [
  'product',
  'vendor',
  'version',
  'extra_info',
  'cpe',
  'hostname',
  'os_type',
  'device_type',
] as const;

const insertServices = rowInsert(
  'services',
  ['job_id', 'host_id', 'transport', 'port', ...aboutService, 'last_seen'],
  `ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    ${[...aboutService, 'last_seen'].map((column) => `${column} = excluded.${column}`).join(', ')}
  WHERE excluded.last_seen >= last_seen`,
);

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
  writeRows(prepare, insertPorts, {
    count: ports.length,
    first: job.id,
    push: (values, row) => pushPort(values, ports, keys, row),
  });
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

function pushPort(
  values: SQLInputValue[],
  ports: PortColumns,
  keys: readonly number[],
  row: number,
): void {
  const service = ports.services[ports.service[row]!];
  const reason = ports.reason[row]!;
  values.push(
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
  writeRows(prepare, insertServices, {
    count: rows.length,
    first: job.id,
    push: (values, at) => pushService(values, ports, keys, rows[at]!),
  });
}

function pushService(
  values: SQLInputValue[],
  ports: PortColumns,
  keys: readonly number[],
  row: number,
): void {
  const service = ports.services[ports.service[row]!]!;
  values.push(
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

function hasMoreThanName(service: Service): boolean {
  return aboutService.some((field) => service[field] !== undefined);
}
