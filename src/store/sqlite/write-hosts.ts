import { addressKey, parseAddress } from '../../core/address.ts';
import { hostId } from '../../core/ids.ts';
import type { HostSighting } from '../facts/host-sightings.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import type { Statements } from './statements.ts';
import { rowInsert, writeRows, writeRowsReturning } from './write-rows.ts';

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

const about = ['hostname', 'mac', 'vendor', 'os_family', 'asn', 'org'] as const;

/** checked_at is 0 where nothing says whether the host is up, so that anything newer decides. */
const upsertHosts = rowInsert(
  'hosts',
  [
    'last_job_id',
    'uuid',
    'tenant_id',
    'address',
    'address_key',
    ...about,
    'status',
    'suspect',
    'first_seen',
    'last_seen',
    'checked_at',
  ],
  `ON CONFLICT (tenant_id, address_key) DO UPDATE SET
    ${about.map(newest).join(', ')},
    status = CASE WHEN excluded.checked_at > 0 AND ${isNewer} THEN excluded.status ELSE status END,
    suspect = CASE WHEN excluded.checked_at > 0 AND ${isNewer} THEN excluded.suspect ELSE suspect END,
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(coalesce(last_seen, excluded.last_seen), coalesce(excluded.last_seen, last_seen)),
    checked_at = max(checked_at, excluded.checked_at),
    last_job_id = CASE WHEN ${isNewer} THEN excluded.last_job_id ELSE last_job_id END
  RETURNING id, address`,
);

const besides = [...about, 'suspect', 'not_shown'] as const;
const seen = ['state', 'reason', ...besides, 't'] as const;

/**
 * What an event says of a host outweighs what its ports imply (reason IS NULL); what it does not
 * say stays as it was.
 */
const upsertHostScans = rowInsert(
  'host_scans',
  ['job_id', 'host_id', ...seen],
  `ON CONFLICT (job_id, host_id) DO UPDATE SET
    ${['state', 'reason', 't'].map((column) => `${column} = excluded.${column}`).join(', ')},
    ${besides.map((column) => `${column} = coalesce(excluded.${column}, ${column})`).join(', ')}
  WHERE (excluded.reason IS NOT NULL AND (reason IS NULL OR excluded.t >= t))
    OR (reason IS NULL AND excluded.reason IS NULL
      AND (excluded.state = 'up') >= (state = 'up') AND excluded.t >= t)`,
);

/** Records the hosts of a batch in the inventory and in the job; gives their keys. */
export function writeHosts(
  prepare: Statements,
  job: JobKey,
  sightings: readonly HostSighting[],
): HostKeys {
  const group = { count: sightings.length, first: job.id };
  const rows = writeRowsReturning<{ id: number; address: string }>(prepare, upsertHosts, {
    ...group,
    push: (values, at) => pushHost(values, job, sightings[at]!),
  });
  const keys = new Map(rows.map(({ id, address }) => [address, id]));
  writeRows(prepare, upsertHostScans, {
    ...group,
    push: (values, at) => pushHostScan(values, keys, sightings[at]!),
  });
  return keys;
}

function pushHost(values: SQLInputValue[], job: JobKey, sighting: HostSighting): void {
  const { address, event, state, first, last } = sighting;
  values.push(
    hostId(job.tenantUuid, address),
    job.tenantId,
    address,
    addressKey(parseAddress(address)),
  );
  pushAbout(values, event);
  values.push(
    state,
    event?.suspect ?? null,
    first,
    state === 'up' ? last : null,
    state === 'unknown' ? 0 : last,
  );
}

function pushHostScan(values: SQLInputValue[], keys: HostKeys, sighting: HostSighting): void {
  const { address, event, state, last } = sighting;
  values.push(keys.get(address)!, state, event?.reason ?? null);
  pushAbout(values, event);
  values.push(
    event?.suspect ?? null,
    event?.not_shown ? JSON.stringify(event.not_shown) : null,
    event?.t ?? last,
  );
}

function pushAbout(values: SQLInputValue[], event: HostSighting['event']): void {
  values.push(
    event?.hostname ?? null,
    event?.mac ?? null,
    event?.vendor ?? null,
    event?.os_family ?? null,
    event?.asn ?? null,
    event?.org ?? null,
  );
}
