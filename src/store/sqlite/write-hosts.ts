import { addressKey, parseAddress } from '../../core/address.ts';
import { hostId } from '../../core/ids.ts';
import { hostDetails, hostScanColumns, mergeHosts, mergeHostScans } from '../facts/merge-hosts.ts';
import { keyOf } from '../facts/host-keys.ts';
import { type HostSighting, timesOf } from '../facts/host-sightings.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import { sqliteWords } from './merge-syntax.ts';
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

const upsertHosts = rowInsert(
  'hosts',
  [
    'last_job_id',
    'uuid',
    'tenant_id',
    'address',
    'address_key',
    ...hostDetails,
    'status',
    'suspect',
    'first_seen',
    'last_seen',
    'checked_at',
  ],
  `${mergeHosts('tenant_id, address_key', sqliteWords)} RETURNING id, address`,
);

const upsertHostScans = rowInsert(
  'host_scans',
  ['job_id', 'host_id', ...hostScanColumns],
  mergeHostScans,
);

/** Records the hosts of a batch in the inventory and the job, and returns their keys. */
export function writeHosts(
  prepare: Statements,
  job: JobKey,
  sightings: readonly HostSighting[],
): HostKeys {
  const group = { rows: sightings, first: job.id };
  const rows: { id: number; address: string }[] = writeRowsReturning(prepare, upsertHosts, {
    ...group,
    push: (values, sighting) => pushHost(values, job, sighting),
  });
  const keys = new Map(rows.map(({ id, address }) => [address, id]));
  writeRows(prepare, upsertHostScans, {
    ...group,
    push: (values, sighting) => pushHostScan(values, keys, sighting),
  });
  return keys;
}

function pushHost(values: SQLInputValue[], job: JobKey, sighting: HostSighting): void {
  const { address, event, state } = sighting;
  const { first_seen, last_seen, checked_at } = timesOf(sighting);
  values.push(
    hostId(job.tenantUuid, address),
    job.tenantId,
    address,
    addressKey(parseAddress(address)),
  );
  for (const detail of hostDetails) values.push(event?.[detail] ?? null);
  values.push(state, event?.suspect ?? null, first_seen, last_seen, checked_at);
}

function pushHostScan(values: SQLInputValue[], keys: HostKeys, sighting: HostSighting): void {
  const { address, event, state } = sighting;
  values.push(keyOf(keys, address), state, event?.reason ?? null);
  for (const detail of hostDetails) values.push(event?.[detail] ?? null);
  values.push(
    event?.suspect ?? null,
    event?.not_shown ? JSON.stringify(event.not_shown) : null,
    timesOf(sighting).t,
  );
}
