import { firstRow } from '../../database/rows.ts';
import { createHash } from 'node:crypto';
import { type Actor, currentActor } from './actor.ts';
import { tenantKey } from '../filter.ts';
import { keyset, numberKey, type Page, type PageRequest, readPage } from '../keyset.ts';
import { and, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson } from '../tables.ts';

/** A change for the audit log. */
export interface Change {
  /** The action: `scan.create`, `tenant.add`, … */
  readonly action: string;
  readonly object_type: string;
  readonly object_id: string;
  /** The changed fields before and after, without secrets. */
  readonly before?: object | null;
  readonly after?: object | null;
  readonly reason?: string;
}

/** A row of the audit log; time is epoch ms. */
export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly actor_kind: Actor['kind'];
  readonly actor: string;
  readonly action: string;
  readonly object_type: string;
  readonly object_id: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly reason: string | null;
  readonly address: string | null;
  readonly previous_hash: string;
  /** SHA-256 of the row and the previous hash, hex. */
  readonly hash: string;
}

/**
 * Records who changed what, in the same transaction as the change. A tenant's rows form a hash
 * chain, so that no row can be changed, inserted or removed undetected.
 *
 * @param db in a transaction (`StoreDatabase.transaction`)
 */
export async function recordAudit(
  db: StoreDatabase,
  change: Change,
  actor: Actor = currentActor(),
): Promise<void> {
  // Locks the end of the chain until the transaction ends.
  const heads = await db.query<{ seq: number; hash: string }>(sql`
    INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (${tenantKey(db)}, 1, '')
    ON CONFLICT (tenant_id) DO UPDATE SET seq = audit_heads.seq + 1 RETURNING seq, hash`);
  const head = firstRow(heads);
  const row: Omit<AuditRow, 'hash'> = {
    seq: head.seq,
    at: Date.now(),
    actor_kind: actor.kind,
    actor: actor.name,
    action: change.action,
    object_type: change.object_type,
    object_id: change.object_id,
    before: change.before ?? null,
    after: change.after ?? null,
    reason: change.reason ?? null,
    address: actor.address ?? null,
    previous_hash: head.hash,
  };
  const hash = hashOf(db.tenantId, row);
  await db.query(sql`
    INSERT INTO audit_log (tenant_id, seq, at, actor_kind, actor, action, object_type, object_id,
      before, after, reason, address, previous_hash, hash)
    VALUES (${tenantKey(db)}, ${row.seq}, ${db.dialect.time(row.at)}, ${row.actor_kind},
      ${row.actor}, ${row.action}, ${row.object_type}, ${row.object_id}, ${jsonOf(row.before)},
      ${jsonOf(row.after)}, ${row.reason}, ${row.address}, ${row.previous_hash}, ${hash})`);
  await db.query(sql`UPDATE audit_heads SET hash = ${hash} WHERE tenant_id = ${tenantKey(db)}`);
}

function jsonOf(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** The input of a row's hash: every field, in a fixed order, as JSON with sorted members. */
function hashOf(tenantId: string, row: Omit<AuditRow, 'hash'>): string {
  const { previous_hash, seq, at, actor_kind, actor, action, object_type, object_id } = row;
  const fields = [previous_hash, tenantId, seq, at, actor_kind, actor, action, object_type];
  const more = [object_id, row.before, row.after, row.reason, row.address];
  return createHash('sha256')
    .update(JSON.stringify([...fields, ...more], sortMembers))
    .digest('hex');
}

/** A store may reorder the members of an object. */
function sortMembers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export interface AuditFilter {
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  /** A prefix of an object's id. */
  readonly object?: string | undefined;
  readonly since?: number | undefined;
}

const newestFirst = keyset<AuditRow>([numberKey(sql`seq`, ({ seq }) => seq)], 'descending');

/** The audit log, newest first. */
export async function listAudit(
  db: StoreDatabase,
  filter: AuditFilter = {},
  page: PageRequest = {},
): Promise<Page<AuditRow>> {
  const { rows, next } = await readPage(page, newestFirst, ({ after, order, count }) =>
    db.query(sql`
    SELECT seq, at, actor_kind, actor, action, object_type, object_id, before, after, reason,
      address, previous_hash, hash
    FROM audit_log
    WHERE ${and([
      sql`tenant_id = ${tenantKey(db)}`,
      filter.action && sql`action = ${filter.action}`,
      filter.actor && sql`actor = ${filter.actor}`,
      filter.object && sql`object_id >= ${filter.object} AND object_id < ${`${filter.object}~`}`,
      filter.since !== undefined && sql`at >= ${db.dialect.time(filter.since)}`,
      after,
    ])}
    ${order} LIMIT ${count}`),
  );
  return { rows: rows.map(withValues), next };
}

function withValues(row: AuditRow): AuditRow {
  return { ...row, before: fromJson(row.before), after: fromJson(row.after) };
}

/** The result of verifying the whole chain. */
export interface AuditVerdict {
  readonly rows: number;
  /** Where the chain first breaks, and why. */
  readonly fault: { readonly seq: number; readonly problem: string } | undefined;
}

/** Rows per query. */
const batch = 1000;

/** Recomputes the chain of the tenant from its first row to its recorded end. */
export async function verifyAudit(
  db: StoreDatabase,
  { signal }: { signal?: AbortSignal } = {},
): Promise<AuditVerdict> {
  const [head] = await db.query<{ seq: number; hash: string }>(
    sql`SELECT seq, hash FROM audit_heads WHERE tenant_id = ${tenantKey(db)}`,
  );
  const end = head ?? { seq: 0, hash: '' };
  let seq = 0;
  let hash = '';
  const fault = (problem: string): AuditVerdict => ({
    rows: seq,
    fault: { seq: seq + 1, problem },
  });
  while (seq < end.seq) {
    signal?.throwIfAborted();
    const rows = await db.query<AuditRow>(sql`
      SELECT * FROM audit_log WHERE tenant_id = ${tenantKey(db)} AND seq > ${seq}
      ORDER BY seq LIMIT ${batch}`);
    if (rows.length === 0) return fault('the rows from here onward are missing');
    for (const row of rows.map(withValues)) {
      if (row.seq !== seq + 1) return fault('a row is missing');
      if (row.previous_hash !== hash) return fault('the previous row was changed');
      if (row.hash !== hashOf(db.tenantId, row)) return fault('the row was changed');
      ({ seq, hash } = row);
      if (seq === end.seq) break;
    }
  }
  if (hash !== end.hash) return fault('the recorded end of the chain differs');
  const [beyond] = await db.query<{ seq: number }>(
    sql`SELECT seq FROM audit_log WHERE tenant_id = ${tenantKey(db)} AND seq > ${end.seq} LIMIT 1`,
  );
  return beyond && !head
    ? fault('the record of the chain’s end is missing')
    : { rows: seq, fault: undefined };
}
