import { none, type PortColumns } from '../../core/event-batch.ts';
import { recordOf } from '../../core/record-of.ts';
import { serviceDetails } from '../../core/service-details.ts';
import { portStates, reasons, transports } from '../../core/states.ts';
import { BinaryCopy, textField, uuidBytes } from './binary-copy.ts';
import { copyInto, type StagingTable } from './staging.ts';
import type { WrittenHosts, Writer } from './write-hosts.ts';

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

const whereNewer = (column: string): string =>
  `${column} = CASE WHEN excluded.last_seen >= port_scans.last_seen THEN excluded.${column}
    ELSE port_scans.${column} END`;

const upsertPorts = `
  INSERT INTO port_scans (tenant_id, job_id, host_id, transport, port, state, reason, service,
    confidence, method, first_seen, last_seen)
  SELECT $1, $2, host_id, transport, port, state, reason, service, confidence, method, first_seen,
    last_seen
  FROM staged_ports
  ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    first_seen = least(port_scans.first_seen, excluded.first_seen),
    last_seen = greatest(port_scans.last_seen, excluded.last_seen),
    ${['state', 'reason', 'service', 'confidence', 'method'].map(whereNewer).join(', ')}`;

const hasDetails = `coalesce(${serviceDetails.join(', ')}) IS NOT NULL`;

const upsertServices = `
  INSERT INTO services (tenant_id, job_id, host_id, transport, port, ${serviceDetails.join(', ')},
    last_seen)
  SELECT $1, $2, host_id, transport, port, ${serviceDetails.join(', ')}, last_seen
  FROM staged_ports WHERE ${hasDetails}
  ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    ${[...serviceDetails, 'last_seen'].map((column) => `${column} = excluded.${column}`).join(', ')}
  WHERE excluded.last_seen >= services.last_seen`;

/** What an earlier look at a port of this job told of its service, where a later one replaced it. */
const forgetServices = `
  DELETE FROM services s USING staged_ports p
  WHERE s.job_id = $1 AND s.host_id = p.host_id AND s.transport = p.transport AND s.port = p.port
    AND p.last_seen > s.last_seen`;

const isNewer = 'excluded.checked_at >= host_ports.checked_at';
/**
 * Whether an observation says more of the service than what is known, or as much and newer. A scan
 * that did not ask what a port is, or guessed from its number, forgets nothing.
 */
const isBetterKnown = `excluded.service IS NOT NULL AND (host_ports.service IS NULL
  OR CASE WHEN ${isNewer}
    THEN (excluded.method IS DISTINCT FROM 'port'
        OR host_ports.method IS NOT DISTINCT FROM 'port')
      AND (excluded.service <> host_ports.service OR excluded.product IS NOT NULL
        OR host_ports.product IS NULL)
    ELSE (excluded.method IS DISTINCT FROM 'port'
        AND host_ports.method IS NOT DISTINCT FROM 'port')
      OR (excluded.service = host_ports.service AND excluded.product IS NOT NULL
        AND host_ports.product IS NULL) END)`;
const ifNewer = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE host_ports.${column} END`;
const ifBetterKnown = (column: string): string =>
  `${column} = CASE WHEN ${isBetterKnown} THEN excluded.${column} ELSE host_ports.${column} END`;

const isOpen = (state: string): string => `${state} IN ('open', 'open|filtered')`;
/**
 * When a port was last seen open, and when its state changed last; scans may come in any order. Where
 * nothing is known to have changed, a port that is not open was never seen open, and an older look at
 * the same state is its beginning; so is one that comes after it was last open. An older look at
 * another state, since the last change, makes the change as new as the newest look.
 */
const isUnchanged = 'host_ports.last_changed = host_ports.first_seen';
const lastOpen = `CASE WHEN NOT ${isOpen('excluded.state')}
  THEN CASE WHEN NOT ${isOpen('host_ports.state')} AND ${isUnchanged}
    THEN least(host_ports.last_seen, excluded.last_seen) ELSE host_ports.last_seen END
  WHEN NOT ${isOpen('host_ports.state')} AND ${isUnchanged} THEN excluded.last_seen
  ELSE greatest(host_ports.last_seen, excluded.last_seen) END`;
const lastChanged = `CASE WHEN ${isNewer}
  THEN CASE WHEN excluded.state <> host_ports.state THEN excluded.checked_at
    ELSE host_ports.last_changed END
  WHEN excluded.state = host_ports.state AND ${isUnchanged}
    THEN least(host_ports.last_changed, excluded.first_seen)
  WHEN excluded.state = host_ports.state AND NOT ${isOpen('host_ports.state')}
      AND excluded.checked_at > host_ports.last_seen
    THEN least(host_ports.last_changed, excluded.checked_at)
  WHEN excluded.state <> host_ports.state AND excluded.checked_at > host_ports.last_changed
    THEN host_ports.checked_at
  ELSE host_ports.last_changed END`;

/** The state known now; the newest observation wins. */
const updateHostPorts = (from: string, service: string): string => `
  INSERT INTO host_ports (tenant_id, host_id, transport, port, state, reason, service, product,
    version, confidence, method, first_seen, last_seen, checked_at, last_changed, last_job_id)
  SELECT $1, p.host_id, p.transport, p.port, p.state, p.reason, p.service, ${service}.product,
    ${service}.version, p.confidence, p.method, p.first_seen, p.last_seen, p.last_seen, p.first_seen, $2
  FROM ${from}
  ON CONFLICT (host_id, transport, port) DO UPDATE SET
    first_seen = least(host_ports.first_seen, excluded.first_seen),
    last_seen = ${lastOpen},
    ${['state', 'reason', 'last_job_id'].map(ifNewer).join(', ')},
    ${['service', 'product', 'version', 'confidence', 'method'].map(ifBetterKnown).join(', ')},
    last_changed = ${lastChanged},
    checked_at = greatest(host_ports.checked_at, excluded.checked_at)`;

/** Of hosts that are new to the job, what the batch says is all that the job says. */
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

/** The rows of a batch; those of one port are one row, as if they had come one by one. */
function* encodePorts(
  copy: BinaryCopy,
  ports: PortColumns,
  ids: WrittenHosts['ids'],
): Generator<void> {
  const hosts = ports.addresses.map((address) => uuidBytes(ids.get(address)!));
  const services = ports.services.map(serviceFields);
  const unknownService = nullFields(serviceFieldCount);
  const { latest, first } = onePerPort(ports);
  for (const row of latest) {
    copy.row(Object.keys(stagedPorts.columns).length);
    copy.bytes(hosts[ports.address[row]!]!);
    copy.field(transportFields[ports.transport[row]!]!);
    copy.int4(ports.port[row]!);
    copy.field(stateFields[ports.state[row]!]!);
    const reason = ports.reason[row]!;
    if (reason === none) copy.null();
    else copy.field(reasonFields[reason]!);
    const service = ports.service[row]!;
    copy.field(service === none ? unknownService : services[service]!);
    copy.time(first.get(row) ?? ports.first[row]!);
    copy.time(ports.last[row]!);
    yield;
  }
}

/** service, confidence, method and the details. */
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
 * The newest row of each port of a batch (the later one of two of the same time), and, where it
 * had others, the earliest time of them.
 */
function onePerPort(ports: PortColumns): {
  latest: Iterable<number>;
  first: ReadonlyMap<number, number>;
} {
  const latest = new Map<number, number>();
  const earliest = new Map<number, number>();
  for (let row = 0; row < ports.length; row++) {
    const key = (ports.address[row]! * 2 + ports.transport[row]!) * 65_536 + ports.port[row]!;
    const other = latest.get(key);
    if (other === undefined) {
      latest.set(key, row);
      continue;
    }
    const known = earliest.get(key) ?? ports.first[other]!;
    earliest.set(key, Math.min(known, ports.first[row]!));
    if (ports.last[row]! >= ports.last[other]!) latest.set(key, row);
  }
  const first = new Map([...earliest].map(([key, t]) => [latest.get(key)!, t]));
  return { latest: latest.values(), first };
}
