import { hostId } from '../../core/ids.ts';
import type { RunUnit } from '../../core/events.ts';
import type { PortSet } from '../../core/ports.ts';
import { closePorts, coveredRanges } from '../facts/close-ports.ts';
import type { UnitCoverage } from '../scans/coverage.ts';
import { postgresWords } from './merge-syntax.ts';
import { copyRows, type StagingTable } from './staging.ts';
import { coveredHosts, type Writer } from './write-hosts.ts';

/** A completed unit of a batch, and its coverage. */
export interface CoveredUnit {
  readonly unit: RunUnit;
  /** Ids of the hosts at its addresses, whether or not they exist. */
  readonly hostIds: readonly string[];
  /** It covers the hosts that the job has reported. */
  readonly isListed: boolean;
  readonly ports: PortSet;
}

/** A completed unit's coverage, in the form it is written. */
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
 * Whether the inventory has a host that the units cover. If not, as in most of a large network,
 * nothing follows from their silence.
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

/** Stores which hosts the completed units cover, before the hosts are recorded. */
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

/** Hosts from other batches. Their rows are locked now, in the order that all writers use. */
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

const closeCoveredPorts = closePorts(postgresWords);

/**
 * Marks the closed ports of the covered hosts. The hosts' rows, and with them their ports, are
 * already locked.
 */
export async function closeUnlisted(
  { client, jobId }: Writer,
  units: readonly CoveredUnit[],
): Promise<void> {
  const [first] = units;
  if (!first) return;
  if (first.isListed) await client.query(coverListed, [jobId]);
  await copyRows(client, coveredPorts, coveredRanges(first.ports));
  await client.query(closeCoveredPorts, [jobId]);
}
