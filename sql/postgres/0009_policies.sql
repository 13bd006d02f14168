-- Tables whose rows many change at once get a policy without a sub-select. PostgreSQL up to 18
-- crashes where it looks twice, in one statement, at rows that another transaction has just
-- changed, and their condition holds a subquery that it had skipped before on a table with such a
-- policy: the value of the inner sub-select is then a null pointer. A query of a large table would
-- pay for the setting being read at every row, so facts and inventory, which no such condition
-- looks into, keep theirs.
DO $$
DECLARE
  tenant_table record;
BEGIN
  FOR tenant_table IN
    SELECT c.oid::regclass AS name, CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE p.polname = 'own_tenant' AND c.relkind = 'r' AND c.relname NOT IN ('hosts', 'host_ports')
  LOOP
    EXECUTE format(
      'ALTER POLICY own_tenant ON %s
        USING (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
        WITH CHECK (%2$I = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
      tenant_table.name, tenant_table.tenant_column);
  END LOOP;
END
$$;
