import { addressKey, parseAddress } from '../../core/address.ts';
import { hostId } from '../../core/ids.ts';
import type { HostSighting } from '../host-sightings.ts';
import type { Statements } from './statements.ts';

/** The job that a batch belongs to. */
export interface JobKey {
  readonly id: number;
  readonly tenantId: number;
  readonly tenantUuid: string;
}

/** Numbers of hosts by canonical address. */
export type HostKeys = ReadonlyMap<string, number>;

const isNewer = 'excluded.checked_at >= checked_at';
const newest = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN coalesce(excluded.${column}, ${column})
    ELSE coalesce(${column}, excluded.${column}) END`;

/** checked_at is 0 where nothing says whether the host is up, so that anything newer decides. */
const upsertHost = `
  INSERT INTO hosts (uuid, tenant_id, address, address_key, hostname, mac, vendor, os_family, asn,
    org, status, suspect, first_seen, last_seen, checked_at, last_job_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (tenant_id, address_key) DO UPDATE SET
    ${['hostname', 'mac', 'vendor', 'os_family', 'asn', 'org'].map(newest).join(', ')},
    status = CASE WHEN excluded.checked_at > 0 AND ${isNewer} THEN excluded.status ELSE status END,
    suspect = CASE WHEN excluded.checked_at > 0 AND ${isNewer} THEN excluded.suspect ELSE suspect END,
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(coalesce(last_seen, excluded.last_seen), coalesce(excluded.last_seen, last_seen)),
    checked_at = max(checked_at, excluded.checked_at),
    last_job_id = CASE WHEN ${isNewer} THEN excluded.last_job_id ELSE last_job_id END
  RETURNING id`;

/** What an event says of a host outweighs what its ports imply (reason IS NULL). */
const upsertHostScan = `
  INSERT INTO host_scans (job_id, host_id, state, reason, hostname, mac, vendor, os_family, asn,
    org, suspect, not_shown, t)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (job_id, host_id) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, hostname = excluded.hostname,
    mac = excluded.mac, vendor = excluded.vendor, os_family = excluded.os_family,
    asn = excluded.asn, org = excluded.org, suspect = excluded.suspect,
    not_shown = excluded.not_shown, t = excluded.t
  WHERE (excluded.reason IS NOT NULL AND (reason IS NULL OR excluded.t >= t))
    OR (reason IS NULL AND excluded.reason IS NULL
      AND (excluded.state = 'up') >= (state = 'up') AND excluded.t >= t)`;

/** Records the hosts of a batch in the inventory and in the job; gives their keys. */
export function writeHosts(
  prepare: Statements,
  job: JobKey,
  sightings: Iterable<HostSighting>,
): HostKeys {
  const keys = new Map<string, number>();
  const inventory = prepare(upsertHost);
  const scan = prepare(upsertHostScan);
  for (const sighting of sightings) {
    const { address, event, state, first, last } = sighting;
    const about = [
      event?.hostname ?? null,
      event?.mac ?? null,
      event?.vendor ?? null,
      event?.os_family ?? null,
      event?.asn ?? null,
      event?.org ?? null,
    ];
    const row = inventory.get(
      hostId(job.tenantUuid, address),
      job.tenantId,
      address,
      addressKey(parseAddress(address)),
      ...about,
      state,
      event?.suspect ?? null,
      first,
      state === 'up' ? last : null,
      state === 'unknown' ? 0 : last,
      job.id,
    ) as { id: number };
    keys.set(address, row.id);
    const notShown = event?.not_shown ? JSON.stringify(event.not_shown) : null;
    const impliedAt = event ? event.t : last;
    const reason = event ? event.reason : null;
    scan.run(job.id, row.id, state, reason, ...about, event?.suspect ?? null, notShown, impliedAt);
  }
  return keys;
}
