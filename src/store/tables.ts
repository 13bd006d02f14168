import type { ColumnType, Generated } from 'kysely';
import type { JobState } from '../core/job-states.ts';
import type { HostState, PortState, Reason, Transport } from '../core/states.ts';

/**
 * The tables as shared queries see them. Keys are opaque here (SQLite: integers, shown outside as
 * the `uuid` columns); times are epoch ms when read, and what `Dialect.time` makes of them when
 * written; JSON is text or already parsed (`fromJson`).
 */
export interface Tables {
  tenants: { id: Generated<Key>; uuid: string; name: string; created_at: Time };
  settings: { name: string; value: string };
  scan_jobs: ScanJobs;
  scan_units: ScanUnits;
  scan_errors: {
    id: Generated<number>;
    job_id: Key;
    digest: Uint8Array;
    scope: string;
    code: string;
    message: string;
    at: Time;
  };
  hosts: Hosts;
  host_ports: HostPorts;
  host_scans: HostScans;
  port_scans: PortScans;
  services: Services;
  banner_scans: PortKey & { protocol: string; banner: string; t: Time };
  tls_scans: TlsScans;
  http_scans: HttpScans;
  certificates: Certificates;
}

declare const key: unique symbol;
/** A key inside the store. */
export type Key = { readonly [key]: never };
type Time = ColumnType<number, unknown, unknown>;
type NullableTime = ColumnType<number | null, unknown, unknown>;
type Json = ColumnType<unknown, string, string>;
type NullableJson = ColumnType<unknown, string | null, string | null>;
type Counter = Generated<number>;
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;

interface ScanJobs {
  id: Generated<Key>;
  uuid: string;
  scan_id: Nullable<string>;
  tenant_id: Key;
  status: JobState;
  scan_type: string;
  config: Json;
  coverage: Json;
  args: Json;
  tool_version: Nullable<string>;
  git_sha: Nullable<string>;
  seed: Nullable<string>;
  priority: Counter;
  attempts: Counter;
  unit_count: Nullable<number>;
  hosts_total: Nullable<number>;
  hosts_done: Counter;
  hosts_up: Counter;
  ports_open: Counter;
  host_count: Counter;
  error_count: Counter;
  counts: ColumnType<unknown, string | undefined, string>;
  scan_stats: NullableJson;
  execution_context: NullableJson;
  error_message: Nullable<string>;
  is_partial: ColumnType<number | boolean, unknown, unknown>;
  worker_id: Nullable<string>;
  worker_host: Nullable<string>;
  worker_pid: Nullable<number>;
  worker_started: Nullable<string>;
  timeout_at: NullableTime;
  requested_at: Time;
  started_at: NullableTime;
  completed_at: NullableTime;
  heartbeat_at: NullableTime;
}

interface ScanUnits {
  job_id: Key;
  unit: number;
  first: number;
  last: number;
  status: 'completed' | 'partial';
  attempt: number;
  started_at: Time;
  completed_at: Time;
  counts: Json;
}

interface Hosts {
  id: Generated<Key>;
  uuid: string;
  tenant_id: Key;
  address: string;
  address_key: Uint8Array;
  hostname: string | null;
  mac: string | null;
  vendor: string | null;
  os_family: string | null;
  asn: number | null;
  org: string | null;
  status: HostState;
  suspect: string | null;
  first_seen: Time;
  last_seen: NullableTime;
  checked_at: Time;
  last_job_id: Key | null;
}

interface HostPorts {
  host_id: Key;
  transport: Transport;
  port: number;
  state: PortState;
  reason: Reason | null;
  service: string | null;
  product: string | null;
  version: string | null;
  confidence: number | null;
  method: string | null;
  first_seen: Time;
  last_seen: Time;
  checked_at: Time;
  last_changed: Time;
  last_job_id: Key;
}

interface HostScans {
  job_id: Key;
  host_id: Key;
  state: HostState;
  reason: Reason | null;
  hostname: string | null;
  mac: string | null;
  vendor: string | null;
  os_family: string | null;
  asn: number | null;
  org: string | null;
  suspect: string | null;
  not_shown: NullableJson;
  t: Time;
}

interface PortKey {
  job_id: Key;
  host_id: Key;
  transport: Transport;
  port: number;
}

interface PortScans extends PortKey {
  state: PortState;
  reason: Reason | null;
  service: string | null;
  confidence: number | null;
  method: string | null;
  first_seen: Time;
  last_seen: Time;
}

interface Services extends PortKey {
  product: string | null;
  vendor: string | null;
  version: string | null;
  extra_info: string | null;
  cpe: string | null;
  last_seen: Time;
}

interface TlsScans extends PortKey {
  server_name: string;
  version: string | null;
  cipher: string | null;
  alpn: string | null;
  ja3: string | null;
  ja3s: string | null;
  certificate: string | null;
  chain: NullableJson;
  t: Time;
}

interface HttpScans extends PortKey {
  scheme: 'http' | 'https';
  authority: string;
  path: string;
  status: number;
  h2: number;
  server_header: string | null;
  content_type: string | null;
  content_length: number | null;
  title: string | null;
  location: string | null;
  favicon_hash: number | null;
  favicon_md5: string | null;
  tech_tags: NullableJson;
  tls_server_name: string | null;
  t: Time;
}

interface Certificates {
  tenant_id: Key;
  sha256: string;
  pem: string;
  subject: string;
  issuer: string;
  serial: string;
  not_before: Time;
  not_after: Time;
  names: Json;
  key_type: string;
  key_bits: number | null;
  is_self_signed: number | boolean;
  first_seen: Time;
  last_seen: Time;
}

/** A JSON column as a value: SQLite holds text, PostgreSQL's driver has parsed it already. */
export function fromJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}
