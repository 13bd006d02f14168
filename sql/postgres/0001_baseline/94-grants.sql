-- The roles' privileges beyond the tables of tenants.

GRANT USAGE ON SCHEMA public TO portolan_app, portolan_maintenance;
GRANT USAGE ON SCHEMA portolan_private TO portolan_app, portolan_maintenance, portolan_worker;
GRANT SELECT ON migrations, settings TO portolan_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON migrations, settings TO portolan_maintenance;
GRANT SELECT ON runs, run_hosts, ports, banners, http_endpoints, errors, active_hosts,
  scan_performance_stats, host_summary, network_summary TO portolan_app, portolan_maintenance;
GRANT EXECUTE ON FUNCTION ensure_partitions (uuid) TO portolan_app, portolan_maintenance;

-- Only its owner can refresh a materialized view, and a refresh sees the rows that the owner sees:
-- all of them.
GRANT CREATE ON SCHEMA portolan_private TO portolan_maintenance;
ALTER MATERIALIZED VIEW portolan_private.host_summary OWNER TO portolan_maintenance;
ALTER MATERIALIZED VIEW portolan_private.network_summary OWNER TO portolan_maintenance;
GRANT SELECT ON portolan_private.host_summary, portolan_private.network_summary TO CURRENT_USER;

-- Finds a tenant by name or id, before the transaction names it.
CREATE FUNCTION portolan_private.tenant_id_of(tenant text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT id FROM public.tenants WHERE name = tenant OR id::text = lower(tenant)
$$;
ALTER FUNCTION portolan_private.tenant_id_of (text) OWNER TO portolan_maintenance;
REVOKE ALL ON FUNCTION portolan_private.tenant_id_of (text) FROM public;
GRANT EXECUTE ON FUNCTION portolan_private.tenant_id_of (text) TO portolan_app;
