-- Row-level security on every table with a tenant, forced on its owner too. One policy permits and
-- one restricts, so that no policy added later widens what a tenant sees. Partitions have no
-- policy of their own, since nobody is granted them.
--
-- The setting is read by a sub-select, once per query rather than once per row, where tables are
-- large. Other tables go without it: PostgreSQL up to 18 crashes when one statement rechecks rows
-- that another transaction has just changed, and their condition holds a subquery, skipped before,
-- on a table with such a policy (the value of the inner sub-select is then a null pointer). No
-- such condition refers to facts, hosts or ports.
DO $$
DECLARE
  tenant_table record;
  setting constant text := 'nullif(current_setting(''app.tenant_id'', true), '''')::uuid';
  condition text;
BEGIN
  FOR tenant_table IN
    SELECT c.oid::regclass AS name, a.attname AS tenant_column,
      c.relkind = 'p' OR c.relname IN ('hosts', 'host_ports') AS is_large
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
      AND a.attname = CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
  LOOP
    condition := format(CASE WHEN tenant_table.is_large THEN '%I = (SELECT %s)' ELSE '%I = %s' END,
      tenant_table.tenant_column, setting);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table.name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table.name);
    EXECUTE format('CREATE POLICY everyone ON %s USING (true) WITH CHECK (true)',
      tenant_table.name);
    EXECUTE format('CREATE POLICY own_tenant ON %s AS RESTRICTIVE USING (%s) WITH CHECK (%2$s)',
      tenant_table.name, condition);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s
      TO portolan_app, portolan_maintenance', tenant_table.name);
  END LOOP;
END
$$;

-- The application reads the audit log and adds to it, and never changes or removes a row. Tenants
-- are managed by the maintenance role.
REVOKE UPDATE, DELETE ON audit_log FROM portolan_app;
REVOKE INSERT, UPDATE, DELETE ON tenants FROM portolan_app;
