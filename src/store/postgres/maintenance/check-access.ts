import type pg from 'pg';
import { found, type Problem } from '../../maintenance/problem.ts';

/** Row-level security of every table with a tenant. */
const unprotected = `
  SELECT c.oid::regclass::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS "isForced",
    EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive)
      AS "hasPolicy"
  FROM pg_class c
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace
      WHERE nspname IN ('information_schema', 'graphile_worker') OR nspname LIKE 'pg\\_%')
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
      AND (a.attname = 'tenant_id' OR c.relname = 'tenants'))
  ORDER BY 1`;

/**
 * Policies do not apply to partitions, so a role that can read a partition reads every tenant's
 * rows.
 */
const granted = `
  SELECT c.oid::regclass::text AS name FROM pg_class c
  WHERE c.relispartition AND c.relkind = 'r'
    AND has_table_privilege('portolan_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
  ORDER BY 1`;

const roles = `
  SELECT rolname AS name, rolsuper AS "isSuper", rolbypassrls AS bypasses FROM pg_roles
  WHERE rolname IN ('portolan_app', 'portolan_maintenance')`;

/** Checks row-level security on every table and partition, and for the roles. */
export async function checkAccess(client: pg.ClientBase): Promise<Problem[]> {
  const tables = await client.query<{ name: string; isForced: boolean; hasPolicy: boolean }>(
    unprotected,
  );
  const problems = tables.rows
    .filter(({ isForced, hasPolicy }) => !isForced || !hasPolicy)
    .map(({ name, isForced }) =>
      access(
        name,
        isForced ? 'the table has no restrictive policy' : 'row-level security is not forced',
        isForced
          ? `create the policy own_tenant on ${name} as sql/postgres/0001_baseline/92-row-level-security.sql does`
          : `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
      ),
    );
  for (const { name } of (await client.query<{ name: string }>(granted)).rows) {
    const message = 'portolan_app can use the partition directly, bypassing its table’s policies';
    problems.push(access(name, message, `REVOKE ALL ON ${name} FROM portolan_app, PUBLIC`));
  }
  const known = await client.query<{ name: string; isSuper: boolean; bypasses: boolean }>(roles);
  for (const { name, isSuper, bypasses } of known.rows) {
    if (name === 'portolan_app' && (isSuper || bypasses)) {
      const remedy = 'ALTER ROLE portolan_app NOSUPERUSER NOBYPASSRLS';
      problems.push(access(name, 'the role sees every tenant', remedy));
    }
    if (name === 'portolan_maintenance' && !bypasses && !isSuper) {
      const remedy = 'ALTER ROLE portolan_maintenance BYPASSRLS';
      problems.push(access(name, 'the role does not see every tenant', remedy));
    }
  }
  return Promise.all(problems);
}

function access(object: string, message: string, remedy: string): Promise<Problem> {
  const code = 'row_security';
  return found({ code, severity: 'fault', object, message, remedy }, { fix: false });
}
