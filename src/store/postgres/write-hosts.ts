import type pg from 'pg';
import { hostId } from '../../core/ids.ts';
import { isUnanswered } from '../facts/host-down.ts';
import { type HostSighting, timesOf } from '../facts/host-sightings.ts';
import { hostDetails, hostScanColumns, mergeHosts, mergeHostScans } from '../facts/merge-hosts.ts';
import { postgresWords } from './merge-syntax.ts';
import { copyRows, type StagingTable } from './staging.ts';

/** A transaction that records a batch of one job. */
export interface Writer {
  readonly client: pg.ClientBase;
  readonly tenantId: string;
  readonly jobId: string;
}

/** Ids of hosts by canonical address. */
export type HostIds = ReadonlyMap<string, string>;

/**
 * The hosts in a batch and, with `is_seen` false, the inventory's hosts that a completed unit
 * covered without an answer. `checked_at` is 'epoch' if the host's state is unknown.
 */
export const stagedHosts: StagingTable = {
  name: 'staged_hosts',
  columns: {
    id: 'uuid',
    is_seen: 'boolean',
    address: 'inet',
    hostname: 'text',
    mac: 'text',
    vendor: 'text',
    os_family: 'text',
    asn: 'bigint',
    org: 'text',
    state: 'text',
    reason: 'text',
    suspect: 'text',
    not_shown: 'jsonb',
    first_seen: 'timestamptz',
    last_seen: 'timestamptz',
    checked_at: 'timestamptz',
    t: 'timestamptz',
  },
};

/** The hosts that completed units cover, with the units' start times. */
export const coveredHosts: StagingTable = {
  name: 'covered_hosts',
  columns: { host_id: 'uuid', t: 'timestamptz' },
};

/** Hosts that are down, recorded like any sighting, in the same pass. */
const stageUnanswered = `
  INSERT INTO staged_hosts (id, is_seen, address, hostname, mac, vendor, os_family, asn, org, state,
    suspect, first_seen, checked_at)
  SELECT DISTINCT ON (h.id) h.id, false, h.address, h.hostname, h.mac::text, h.vendor, h.os_family,
    h.asn, h.org, 'down', h.suspect, h.first_seen, c.t
  FROM covered_hosts c JOIN hosts h ON h.id = c.host_id AND h.tenant_id = $1
  WHERE NOT EXISTS (SELECT FROM staged_hosts s WHERE s.id = h.id)
    AND ${isUnanswered('h.id', '$2')}
  ORDER BY h.id, c.t DESC`;

/**
 * Locks every host of the batch in id order, in one statement, so that two writers with several
 * hosts in common cannot deadlock. A lock on a host's row covers its ports and facts until the
 * transaction ends.
 */
const upsertHosts = `
  INSERT INTO hosts (id, tenant_id, address, ${hostDetails.join(', ')}, status, suspect, first_seen,
    last_seen, checked_at, last_job_id)
  SELECT id, $1, address, hostname, mac::macaddr, vendor, os_family, asn, org, state, suspect,
    first_seen, last_seen, checked_at, $2
  FROM staged_hosts ORDER BY id
  ${mergeHosts('id', postgresWords)}`;

const upsertHostScans = `
  INSERT INTO host_scans (tenant_id, job_id, host_id, ${hostScanColumns.join(', ')})
  SELECT $1, $2, id, state, reason, hostname, mac::macaddr, vendor, os_family, asn, org, suspect,
    not_shown, t
  FROM staged_hosts WHERE is_seen
  ${mergeHostScans}`;

const countKnown = `
  SELECT count(*) AS count FROM host_scans s
  WHERE s.job_id = $1 AND s.host_id IN (SELECT id FROM staged_hosts)`;

export interface WrittenHosts {
  readonly ids: HostIds;
  /** Whether an earlier batch of the job contained one of them. */
  readonly areKnown: boolean;
}

/**
 * Records the hosts of a batch and those that were covered without an answer; locks all of them.
 */
export async function writeHosts(
  { client, tenantId, jobId }: Writer,
  sightings: ReadonlyMap<string, HostSighting>,
): Promise<WrittenHosts> {
  const ids = new Map<string, string>();
  for (const address of sightings.keys()) ids.set(address, hostId(tenantId, address));
  await copyRows(client, stagedHosts, stagedRows(sightings, ids));
  await client.query(stageUnanswered, [tenantId, jobId]);
  await client.query(upsertHosts, [tenantId, jobId]);
  const known = await client.query<{ count: number }>(countKnown, [jobId]);
  await client.query(upsertHostScans, [tenantId, jobId]);
  return { ids, areKnown: (known.rows[0]?.count ?? 0) > 0 };
}

function* stagedRows(
  sightings: ReadonlyMap<string, HostSighting>,
  ids: HostIds,
): Generator<readonly unknown[]> {
  for (const sighting of sightings.values()) {
    const { address, event, state } = sighting;
    const { first_seen, last_seen, checked_at, t } = timesOf(sighting);
    yield [
      ids.get(address),
      true,
      address,
      ...hostDetails.map((detail) => event?.[detail]),
      state,
      event?.reason,
      event?.suspect,
      event?.not_shown,
      first_seen,
      last_seen,
      checked_at,
      t,
    ];
  }
}
