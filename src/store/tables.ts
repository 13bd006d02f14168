import type { JobState } from '../core/job-states.ts';
import type { PortState, Reason, Transport } from '../core/states.ts';

/**
 * Rows as shared queries read them. Keys are opaque here (SQLite: integers, shown outside as the
 * `uuid` columns); times are epoch ms; JSON is text or already parsed (`fromJson`).
 */

declare const key: unique symbol;
/** A key inside the store. */
export type Key = { readonly [key]: never };

/** A row of `scan_jobs`. */
export interface JobRecord {
  readonly id: Key;
  readonly uuid: string;
  readonly scan_id: string | null;
  readonly tenant_id: Key;
  readonly status: JobState;
  readonly scan_type: string;
  readonly config: unknown;
  readonly coverage: unknown;
  readonly args: unknown;
  readonly tool_version: string | null;
  readonly git_sha: string | null;
  readonly seed: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly unit_count: number | null;
  readonly hosts_total: number | null;
  readonly hosts_done: number;
  readonly hosts_up: number;
  readonly ports_open: number;
  readonly host_count: number;
  readonly error_count: number;
  readonly counts: unknown;
  readonly scan_stats: unknown;
  readonly execution_context: unknown;
  readonly error_message: string | null;
  readonly is_partial: number | boolean;
  readonly worker_id: string | null;
  readonly worker_host: string | null;
  readonly worker_pid: number | null;
  readonly worker_started: string | null;
  readonly timeout_at: number | null;
  readonly requested_at: number;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  readonly heartbeat_at: number | null;
  readonly is_detached: number | boolean;
  readonly max_attempts: number;
  readonly run_at: number | null;
  readonly run_limit_ms: number | null;
  readonly worker_label: string | null;
  readonly batch_size: number;
  readonly next_unit: number;
  readonly leased_at: number | null;
  readonly progress_percent: number;
  readonly total_items: number;
  readonly processed_items: number;
  readonly failed_items: number;
  readonly success_rate: number | null;
  readonly target: string | null;
  readonly profile: string | null;
  readonly schedule: string | null;
}

/** The key of a port's facts. */
export interface PortKey {
  readonly job_id: Key;
  readonly host_id: Key;
  readonly transport: Transport;
  readonly port: number;
}

/** A row of `port_scans`. */
export interface PortScanRecord extends PortKey {
  readonly state: PortState;
  readonly reason: Reason | null;
  readonly service: string | null;
  readonly confidence: number | null;
  readonly method: string | null;
  readonly first_seen: number;
  readonly last_seen: number;
}

/** A row of `scan_units`. */
export interface UnitRecord {
  readonly unit: number;
  readonly first: number;
  readonly last: number;
  readonly status: 'leased' | 'released' | 'partial' | 'completed';
  readonly attempt: number;
  readonly worker_id: string | null;
  readonly started_at: number;
  readonly completed_at: number | null;
  readonly counts: unknown;
}

/** A JSON column as a value: SQLite holds text, PostgreSQL's driver has parsed it already. */
export function fromJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

/** The members of a JSON object that a store may hold as text; none where it is null. */
export function objectFromJson(value: unknown): Readonly<Record<string, unknown>> {
  const object = fromJson(value);
  return typeof object === 'object' && object !== null ? { ...object } : {};
}

/** The numbers of a JSON object that a store may hold as text. */
export function numbersFromJson(value: unknown): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, member] of Object.entries(objectFromJson(value))) {
    if (typeof member === 'number') numbers[name] = member;
  }
  return numbers;
}

/** The texts of a JSON array that a store may hold as text; none where it is null. */
export function textsFromJson(value: unknown): string[] {
  const list = fromJson(value);
  return Array.isArray(list) ? list.map(String) : [];
}
