import { none, type PortColumns } from '../../core/event-batch.ts';
import type { Service } from '../../core/events.ts';
import { serviceDetails } from '../../core/service-details.ts';
import { portStates, reasons, transports } from '../../core/states.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import type { Statements } from './statements.ts';
import type { HostKeys, JobKey } from './write-hosts.ts';
import { rowSelect, writeRows } from './write-rows.ts';

const whereNewer = (column: string): string =>
  `${column} = CASE WHEN excluded.last_seen >= last_seen THEN excluded.${column} ELSE ${column} END`;

/**
 * What ports of a batch have in common, each combination once: most rows are a host, a number and
 * two times beside one of some dozen, and a text costs more to hand over than to look up.
 */
const aboutPort = ['transport', 'state', 'reason', 'service', 'confidence', 'method'] as const;

const makeKinds = `
  CREATE TEMP TABLE IF NOT EXISTS port_kinds (id INTEGER PRIMARY KEY,
    ${[...aboutPort, ...serviceDetails].join(', ')})`;
const insertKind = `
  INSERT INTO port_kinds VALUES (?${', ?'.repeat(aboutPort.length + serviceDetails.length)})`;

const insertPorts = rowSelect(
  `INSERT INTO port_scans (job_id, host_id, port, first_seen, last_seen, ${aboutPort.join(', ')})
   SELECT ?1, r.column1, r.column2, r.column4, r.column5, ${aboutPort.map((name) => `k.${name}`).join(', ')}`,
  5,
  `CROSS JOIN port_kinds k ON k.id = r.column3 WHERE true
   ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen),
    ${['state', 'reason', 'service', 'confidence', 'method'].map(whereNewer).join(', ')}`,
);

const insertServices = rowSelect(
  `INSERT INTO services (job_id, host_id, port, last_seen, transport, ${serviceDetails.join(', ')})
   SELECT ?1, r.column1, r.column2, r.column4, k.transport, ${serviceDetails.map((name) => `k.${name}`).join(', ')}`,
  4,
  `CROSS JOIN port_kinds k ON k.id = r.column3 WHERE true
   ON CONFLICT (job_id, host_id, transport, port) DO UPDATE SET
    ${[...serviceDetails, 'last_seen'].map((column) => `${column} = excluded.${column}`).join(', ')}
   WHERE excluded.last_seen >= last_seen`,
);

const isNewer = 'excluded.checked_at >= checked_at';
/**
 * Whether an observation says more of the service than what is known, or as much and newer. A scan
 * that did not ask what a port is, or guessed from its number, forgets nothing.
 */
const isBetterKnown = `excluded.service IS NOT NULL AND (service IS NULL OR CASE WHEN ${isNewer}
  THEN (excluded.method IS NOT 'port' OR method IS 'port')
    AND (excluded.service <> service OR excluded.product IS NOT NULL OR product IS NULL)
  ELSE (excluded.method IS NOT 'port' AND method IS 'port')
    OR (excluded.service = service AND excluded.product IS NOT NULL AND product IS NULL) END)`;
const ifNewer = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE ${column} END`;
const ifBetterKnown = (column: string): string =>
  `${column} = CASE WHEN ${isBetterKnown} THEN excluded.${column} ELSE ${column} END`;

const isOpen = (state: string): string => `${state} IN ('open', 'open|filtered')`;
/**
 * When a port was last seen open, and when its state changed last; scans may come in any order. Where
 * nothing is known to have changed, a port that is not open was never seen open, and an older look at
 * the same state is its beginning; so is one that comes after it was last open. An older look at
 * another state, since the last change, makes the change as new as the newest look.
 */
const isUnchanged = 'last_changed = first_seen';
const lastOpen = `CASE WHEN NOT ${isOpen('excluded.state')}
  THEN CASE WHEN NOT ${isOpen('state')} AND ${isUnchanged}
    THEN min(last_seen, excluded.last_seen) ELSE last_seen END
  WHEN NOT ${isOpen('state')} AND ${isUnchanged} THEN excluded.last_seen
  ELSE max(last_seen, excluded.last_seen) END`;
const lastChanged = `CASE WHEN ${isNewer}
  THEN CASE WHEN excluded.state <> state THEN excluded.checked_at ELSE last_changed END
  WHEN excluded.state = state AND ${isUnchanged} THEN min(last_changed, excluded.first_seen)
  WHEN excluded.state = state AND NOT ${isOpen('state')} AND excluded.checked_at > last_seen
    THEN min(last_changed, excluded.checked_at)
  WHEN excluded.state <> state AND excluded.checked_at > last_changed THEN checked_at
  ELSE last_changed END`;

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
    last_seen = ${lastOpen},
    ${['state', 'reason', 'last_job_id'].map(ifNewer).join(', ')},
    ${['service', 'product', 'version', 'confidence', 'method'].map(ifBetterKnown).join(', ')},
    last_changed = ${lastChanged},
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
  const kinds = writeKinds(prepare, ports);
  writeRows(prepare, insertPorts, {
    count: ports.length,
    first: job.id,
    push(values, row) {
      const host = keys[ports.address[row]!]!;
      values.push(host, ports.port[row]!, kinds[row]!, ports.first[row]!, ports.last[row]!);
    },
  });
  writeServices(prepare, job, { ports, keys, kinds });
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
  const max = prepare('SELECT max(rowid) AS mark FROM port_scans');
  return max.get<{ mark: number | null }>()?.mark ?? 0;
}

/** Numbers the kinds of ports in a batch, and gives that of each row. */
function writeKinds(prepare: Statements, ports: PortColumns): Uint32Array {
  prepare(makeKinds).run();
  prepare('DELETE FROM port_kinds').run();
  const insert = prepare(insertKind);
  const numbers = new Map<number, number>();
  const kinds = new Uint32Array(ports.length);
  for (let row = 0; row < ports.length; row++) {
    const [transport, state] = [ports.transport[row]!, ports.state[row]!];
    const [reason, service] = [ports.reason[row]!, ports.service[row]!];
    // No code reaches 128, so that each combination has a number of its own.
    const code = ((service + 1) * 128 + reason + 1) * 256 + state * 8 + transport;
    let number = numbers.get(code);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(code, number);
      insert.run(
        number,
        transports[transport]!,
        portStates[state]!,
        reason === none ? null : reasons[reason]!,
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
  const rows: number[] = [];
  for (let row = 0; row < ports.length; row++) {
    const index = ports.service[row]!;
    if (index !== none && isDetailed[index]) rows.push(row);
  }
  writeRows(prepare, insertServices, {
    count: rows.length,
    first: job.id,
    push(values, at) {
      const row = rows[at]!;
      values.push(keys[ports.address[row]!]!, ports.port[row]!, kinds[row]!, ports.last[row]!);
    },
  });
}

function hasMoreThanName(service: Service): boolean {
  return serviceDetails.some((field) => service[field] !== undefined);
}
