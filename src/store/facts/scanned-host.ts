import type { NotShown } from '../../core/events.ts';
import type { HostState, Reason } from '../../core/states.ts';
import type { Key } from '../tables.ts';
import { bigint, type Column, host, json, optional, text, time, word } from './columns.ts';

const storeKey: Column<Key> = { type: 'uuid' };

/** Hosts as scans saw them: rows of `host_scans`, written by the host writers. */
export const scannedHosts = {
  table: 'host_scans',
  columns: {
    addr: host,
    job_id: storeKey,
    host_id: storeKey,
    state: word<HostState>(),
    /** Undefined if the host was implied by its ports. */
    reason: optional(word<Reason>()),
    hostname: optional(text),
    mac: optional(text),
    vendor: optional(text),
    os_family: optional(text),
    asn: optional(bigint),
    org: optional(text),
    suspect: optional(text),
    not_shown: optional(json<NotShown[]>()),
    t: time,
  },
  key: ['addr'],
};

const { addr, hostname, asn, org, job_id, host_id } = scannedHosts.columns;

/** The same with the columns of the V1 data set alone: an export pays for each column that it reads. */
export const dataSetHosts = {
  ...scannedHosts,
  columns: { addr, hostname, asn, org, job_id, host_id },
};
