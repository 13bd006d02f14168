import { hostId } from '../../core/ids.ts';
import type { RunUnit } from '../../core/events.ts';
import { portRuns, type PortSet } from '../../core/ports.ts';
import type { UnitCoverage } from '../scans/coverage.ts';
import { copyRows, type StagingTable } from './staging.ts';
import { coveredHosts, type Writer } from './write-hosts.ts';

/** A completed unit of a batch, and what it has looked at. */
export interface CoveredUnit {
  readonly unit: RunUnit;
  /** Ids of the hosts that its addresses are, or would be. */
  readonly hostIds: readonly string[];
  /** It has looked at the hosts that the job has told of. */
  readonly isListed: boolean;
  readonly ports: PortSet;
}

/** What a completed unit has looked at, as it is written. */
export function coveredUnit(
  { tenantId }: Writer,
  unit: RunUnit,
  { addresses, ports }: UnitCoverage,
): CoveredUnit {
  const isListed = addresses === 'listed';
  const listed = isListed ? [] : addresses;
  return {
    unit,
    hostIds: Array.from(listed, (address) => hostId(tenantId, address)),
    isListed,
    ports,
  };
}

/**
 * Whether the inventory has a host that the units have looked at: in a network where nobody is,
 * which is most of a large one, nothing follows from their silence.
 */
export async function isAnyKnown(
  { client }: Writer,
  units: readonly CoveredUnit[],
): Promise<boolean> {
  if (units.some(({ isListed }) => isListed)) return true;
  const ids = units.flatMap(({ hostIds }) => hostIds);
  if (ids.length === 0) return false;
  const { rows } = await client.query('SELECT 1 FROM hosts WHERE id = ANY ($1::uuid[]) LIMIT 1', [
    ids,
  ]);
  return rows.length > 0;
}

/** Notes which hosts the completed units have looked at, before the hosts are recorded. */
export async function stageCoverage(
  { client }: Writer,
  units: readonly CoveredUnit[],
): Promise<void> {
  await copyRows(client, coveredHosts, rows());
  function* rows(): Generator<readonly unknown[]> {
    for (const { unit, hostIds } of units) {
      for (const id of hostIds) yield [id, unit.t_start];
    }
  }
}

/** Hosts of other batches than this one: their rows are locked now, in the order of all writers. */
const coverListed = `
  INSERT INTO covered_hosts (host_id, t)
  SELECT h.id, h.checked_at FROM hosts h
  WHERE h.id IN (SELECT host_id FROM host_scans WHERE job_id = $1)
  ORDER BY h.id FOR NO KEY UPDATE OF h`;

/** The ports of one job, as ranges. */
export const coveredPorts: StagingTable = {
  name: 'covered_ports',
  columns: { transport: 'text', first: 'integer', last: 'integer' },
};

/**
 * A port that was covered and is no row of this job is in the state that the host's unlisted ports
 * are in. That is known only where the job accounts for every covered port of the transport: rows
 * and counts (not_shown) together. A host that was given up midway closes nothing. The hosts' rows
 * are locked already, and so their ports.
 */
const closePorts = `
  WITH covered AS (SELECT transport, sum(last - first + 1) AS size
    FROM covered_ports GROUP BY transport),
  unlisted AS (
    SELECT s.host_id, s.t, n.value ->> 'transport' AS transport,
      sum((n.value ->> 'count')::bigint) AS count,
      CASE WHEN count(DISTINCT n.value ->> 'state') = 1 THEN min(n.value ->> 'state')
        ELSE 'closed|filtered' END AS state
    FROM (SELECT DISTINCT host_id FROM covered_hosts) c
    JOIN host_scans s ON s.job_id = $1 AND s.host_id = c.host_id AND s.state = 'up'
    CROSS JOIN LATERAL jsonb_array_elements(s.not_shown) AS n (value)
    GROUP BY s.host_id, s.t, n.value ->> 'transport'
  ),
  answered AS (
    SELECT u.host_id, u.t, u.transport, u.state FROM unlisted u
    JOIN covered ON covered.transport = u.transport
    WHERE u.count + (SELECT count(*) FROM port_scans p WHERE p.job_id = $1
      AND p.host_id = u.host_id AND p.transport = u.transport) >= covered.size
  )
  UPDATE host_ports SET state = answered.state, reason = NULL, checked_at = answered.t,
    last_changed = CASE WHEN host_ports.state = answered.state THEN host_ports.last_changed
      ELSE answered.t END,
    last_job_id = $1
  FROM answered
  WHERE host_ports.host_id = answered.host_id AND host_ports.transport = answered.transport
    AND host_ports.checked_at <= answered.t
    AND EXISTS (SELECT FROM covered_ports c WHERE c.transport = host_ports.transport
      AND host_ports.port BETWEEN c.first AND c.last)
    AND NOT EXISTS (SELECT FROM port_scans p WHERE p.job_id = $1
      AND p.host_id = host_ports.host_id AND p.transport = host_ports.transport
      AND p.port = host_ports.port)`;

/** Concludes which ports of the hosts that were looked at are closed. */
export async function closeUnlisted(
  { client, jobId }: Writer,
  units: readonly CoveredUnit[],
): Promise<void> {
  const [first] = units;
  if (!first) return;
  if (first.isListed) await client.query(coverListed, [jobId]);
  await copyRows(client, coveredPorts, runsOf(first.ports));
  await client.query(closePorts, [jobId]);
}

function* runsOf(ports: PortSet): Generator<readonly unknown[]> {
  for (const transport of ['tcp', 'udp'] as const) {
    for (const { first, last } of portRuns(ports[transport])) yield [transport, first, last];
  }
}
