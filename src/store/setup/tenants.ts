import { newJobId } from '../../core/ids.ts';
import { AppError } from '../../errors.ts';
import { currentActor } from './actor.ts';
import { recordAudit } from './audit.ts';
import { tenantKey } from '../filter.ts';
import { identifier, sql } from '../sql.ts';
import type { Store, StoreDatabase } from '../store.ts';

/** A tenant with its row counts; time is epoch ms. */
export interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly created_by: string | null;
  readonly scans: number;
  readonly hosts: number;
}

/** Every tenant of a store, by name. */
export function listTenants({ maintenance: db }: Store): Promise<TenantRow[]> {
  return db.query<TenantRow>(sql`
    SELECT ${identifier(`t.${db.dialect.uuidColumn}`)} AS id, t.name, t.created_at, t.created_by,
      (SELECT CAST(count(*) AS INTEGER) FROM scan_jobs j WHERE j.tenant_id = t.id) AS scans,
      (SELECT CAST(count(*) AS INTEGER) FROM hosts h WHERE h.tenant_id = t.id) AS hosts
    FROM tenants t ORDER BY t.name`);
}

/** The name of the current tenant. */
export async function tenantName(db: StoreDatabase): Promise<string> {
  const [row] = await db.query<{ name: string }>(
    sql`SELECT name FROM tenants WHERE id = ${tenantKey(db)}`,
  );
  return row?.name ?? db.tenantId;
}

/** Letters, digits, `.`, `_` and `-`, so that a name never needs quotes. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

/**
 * Adds a tenant.
 *
 * @returns its UUID
 * @throws AppError UNSUPPORTED (SQLite has one tenant per file), USAGE, AMBIGUOUS if it exists
 */
export function addTenant(store: Store, tenant: string): Promise<string> {
  assertSeveral(store);
  assertName(tenant);
  const id = newJobId();
  return store.maintenance.transaction(async (db) => {
    const rows = await db.query(sql`
      INSERT INTO tenants (id, name, created_at, created_by)
      VALUES (${id}, ${tenant}, ${db.dialect.time(Date.now())}, ${currentActor().name})
      ON CONFLICT DO NOTHING RETURNING id`);
    if (rows.length === 0) throw taken(tenant);
    await recordAudit(db, { action: 'tenant.add', ...objectOf(id), after: { name: tenant } });
    return id;
  });
}

/** @throws AppError UNSUPPORTED, USAGE, NOT_FOUND, AMBIGUOUS */
export async function renameTenant(store: Store, from: string, to: string): Promise<void> {
  assertSeveral(store);
  assertName(to);
  await store.maintenance.transaction(async (db) => {
    const id = await tenantId(db, from);
    const [other] = await db.query(sql`SELECT id FROM tenants WHERE name = ${to}`);
    if (other) throw taken(to);
    await db.query(sql`
      UPDATE tenants SET name = ${to}, modified_by = ${currentActor().name} WHERE id = ${id}`);
    const change = { before: { name: from }, after: { name: to } };
    await recordAudit(db, { action: 'tenant.rename', ...objectOf(id), ...change });
  });
}

/** A tenant's tables in deletion order: referenced tables come last. */
const ownedTables = [
  'scan_jobs',
  'exclusions',
  'schedules',
  'scan_targets',
  'scan_profiles',
  'hosts',
  'certificates',
  'audit_log',
  'audit_heads',
];

/**
 * Removes a tenant with all its data, including its audit log. The removal is recorded in the audit
 * log of the session's tenant.
 *
 * @throws AppError UNSUPPORTED, NOT_FOUND, USAGE for the current tenant
 */
export async function removeTenant(store: Store, tenant: string): Promise<void> {
  assertSeveral(store);
  await store.maintenance.transaction(async (db) => {
    const id = await tenantId(db, tenant);
    if (id === db.tenantId) {
      throw new AppError('USAGE', `"${tenant}" is the current tenant: name another one`);
    }
    for (const table of ownedTables) {
      await db.query(sql`DELETE FROM ${identifier(table)} WHERE tenant_id = ${id}`);
    }
    await db.query(sql`DELETE FROM tenants WHERE id = ${id}`);
    await recordAudit(db, { action: 'tenant.remove', ...objectOf(id), before: { name: tenant } });
  });
}

function objectOf(id: string): { object_type: string; object_id: string } {
  return { object_type: 'tenant', object_id: id };
}

async function tenantId(db: StoreDatabase, tenant: string): Promise<string> {
  const [row] = await db.query<{ id: string }>(
    sql`SELECT id FROM tenants WHERE name = ${tenant} FOR NO KEY UPDATE`,
  );
  if (row) return row.id;
  throw new AppError('NOT_FOUND', `there is no tenant "${tenant}": see "portolan tenant list"`);
}

function taken(tenant: string): AppError {
  return new AppError('AMBIGUOUS', `tenant "${tenant}" already exists`);
}

function assertName(tenant: string): void {
  if (namePattern.test(tenant)) return;
  throw new AppError(
    'USAGE',
    `"${tenant}" is not a valid tenant name: use up to 63 letters, digits, ".", "_" and "-"`,
  );
}

function assertSeveral({ isShared, location }: Store): void {
  if (isShared) return;
  throw new AppError(
    'UNSUPPORTED',
    `${location} is a SQLite file with a single tenant: for several, use --db postgres://…`,
  );
}
