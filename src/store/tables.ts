import type { PortState, Reason, Transport } from '../core/states.ts';

/**
 * Rows as shared queries read them. Keys are opaque (on SQLite integers, with UUIDs in `uuid`
 * columns for users); times are epoch ms; JSON is text or already parsed (`fromJson`).
 */

declare const key: unique symbol;
/** An internal key. */
export type Key = { readonly [key]: never };

/** Key columns of a port's facts. */
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

/** Parses a JSON column: SQLite returns text, PostgreSQL's driver parsed values. */
export function fromJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

/** The members of a JSON object that may be stored as text; empty if null. */
export function objectFromJson(value: unknown): Readonly<Record<string, unknown>> {
  const object = fromJson(value);
  return typeof object === 'object' && object !== null ? { ...object } : {};
}

/** The numbers of a JSON object that may be stored as text. */
export function numbersFromJson(value: unknown): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, member] of Object.entries(objectFromJson(value))) {
    if (typeof member === 'number') numbers[name] = member;
  }
  return numbers;
}

/** The strings of a JSON array that may be stored as text; empty if null. */
export function textsFromJson(value: unknown): string[] {
  const list = fromJson(value);
  return Array.isArray(list) ? list.map(String) : [];
}
