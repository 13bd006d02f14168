-- Who may see what. The application works as portolan_app, which owns nothing and sees the tenant
-- that its transaction names (SET LOCAL app.tenant_id). Refresh, retention, backup and the list of
-- tenants are portolan_maintenance's, which sees all. Both are roles without a login: who connects
-- is made a member of them. Roles belong to the server, so another database may have made them.
-- Making them is a superuser's right: where one has made them before, the owner of a database needs
-- no more than to be a member of both.
DO $$
BEGIN
  IF to_regrole('portolan_app') IS NULL THEN
    CREATE ROLE portolan_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

DO $$
BEGIN
  IF to_regrole('portolan_maintenance') IS NULL THEN
    CREATE ROLE portolan_maintenance NOLOGIN NOSUPERUSER BYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

-- Whoever makes the store may work with it and keep it.
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'portolan_app', 'MEMBER') THEN
    GRANT portolan_app TO CURRENT_USER;
  END IF;
  IF NOT pg_has_role(current_user, 'portolan_maintenance', 'MEMBER') THEN
    GRANT portolan_maintenance TO CURRENT_USER;
  END IF;
END
$$;

-- Row-level security on every table with a tenant, forced on its owner too. A policy that permits
-- and one that restricts: whatever policy is added later, none widens what a tenant sees.
DO $$
DECLARE
  tenant_table record;
  tenant_column text;
BEGIN
  FOR tenant_table IN
    SELECT c.oid::regclass AS name, a.attname AS tenant_column
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
      AND a.attname = CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table.name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table.name);
    EXECUTE format('CREATE POLICY everyone ON %s USING (true) WITH CHECK (true)',
      tenant_table.name);
    EXECUTE format(
      'CREATE POLICY own_tenant ON %s AS RESTRICTIVE
        USING (%2$I = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid))
        WITH CHECK (%2$I = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid))',
      tenant_table.name, tenant_table.tenant_column);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO portolan_app, portolan_maintenance',
      tenant_table.name);
  END LOOP;
END
$$;

-- Partitions have no policy of their own: nobody is granted them.
GRANT USAGE ON SCHEMA public, portolan_private TO portolan_maintenance;
GRANT USAGE ON SCHEMA public TO portolan_app;
GRANT SELECT ON migrations, settings TO portolan_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON migrations, settings TO portolan_maintenance;
-- Only their owner refreshes materialized views, and a refresh sees what that owner sees: all.
GRANT CREATE ON SCHEMA portolan_private TO portolan_maintenance;
ALTER MATERIALIZED VIEW portolan_private.host_summary OWNER TO portolan_maintenance;
ALTER MATERIALIZED VIEW portolan_private.network_summary OWNER TO portolan_maintenance;
GRANT SELECT ON portolan_private.host_summary, portolan_private.network_summary TO CURRENT_USER;
GRANT SELECT ON runs, run_hosts, ports, banners, http_endpoints, errors, active_hosts,
  scan_performance_stats, host_summary, network_summary TO portolan_app, portolan_maintenance;
GRANT EXECUTE ON FUNCTION ensure_partitions (uuid) TO portolan_app, portolan_maintenance;

-- The application adds to the audit log and reads it; it changes and removes none of it. Tenants
-- are the maintenance role's.
REVOKE UPDATE, DELETE ON audit_log FROM portolan_app;
REVOKE INSERT, UPDATE, DELETE ON tenants FROM portolan_app;

-- Who works for a tenant knows its name, not its id.
CREATE FUNCTION portolan_private.tenant_id_of(tenant text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT id FROM public.tenants WHERE name = tenant OR id::text = lower(tenant)
$$;
ALTER FUNCTION portolan_private.tenant_id_of (text) OWNER TO portolan_maintenance;
REVOKE ALL ON FUNCTION portolan_private.tenant_id_of (text) FROM public;
GRANT USAGE ON SCHEMA portolan_private TO portolan_app;
GRANT EXECUTE ON FUNCTION portolan_private.tenant_id_of (text) TO portolan_app;
