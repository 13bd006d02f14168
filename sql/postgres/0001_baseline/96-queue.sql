-- The queue of workers, which spans tenants. Its tables are Graphile Worker's own.

-- A ticket asks a worker to look for work of one tenant. There is one ticket per tenant, kind of
-- work and priority, added again by the worker that takes it while work is left: a tenant with a
-- million units waits behind one with a single unit that came first. Runs with its owner's rights,
-- since the queue's tables are the owner's. The tenant is that of the transaction.
CREATE FUNCTION portolan_private.add_ticket(task text, priority integer, run_at timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
BEGIN
  IF tenant IS NULL THEN
    RAISE EXCEPTION 'a ticket needs a tenant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM graphile_worker.add_job('portolan:' || task, json_build_object('tenant', tenant),
    run_at := run_at, priority := -priority,
    job_key := concat_ws('/', tenant, task, priority, extract(epoch FROM run_at)),
    job_key_mode := 'preserve_run_at');
END
$$;
REVOKE ALL ON FUNCTION portolan_private.add_ticket (text, integer, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION portolan_private.add_ticket (text, integer, timestamptz)
  TO portolan_app, portolan_maintenance;

-- Tenants with queued scans, for workers.
CREATE FUNCTION portolan_private.tenants_at_work() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT tenant_id FROM public.scan_jobs
  WHERE is_detached AND status IN ('pending', 'running', 'crashed')
$$;
ALTER FUNCTION portolan_private.tenants_at_work () OWNER TO portolan_maintenance;
REVOKE ALL ON FUNCTION portolan_private.tenants_at_work () FROM public;
GRANT EXECUTE ON FUNCTION portolan_private.tenants_at_work () TO portolan_worker, CURRENT_USER;

-- Tenants with schedules, for schedulers.
CREATE FUNCTION portolan_private.tenants_with_schedules() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant_id FROM public.schedules WHERE enabled
  UNION SELECT tenant_id FROM public.schedule_runs WHERE status = 'started'
$$;
ALTER FUNCTION portolan_private.tenants_with_schedules () OWNER TO portolan_maintenance;
REVOKE ALL ON FUNCTION portolan_private.tenants_with_schedules () FROM public;
GRANT EXECUTE ON FUNCTION portolan_private.tenants_with_schedules ()
  TO portolan_worker, CURRENT_USER;
