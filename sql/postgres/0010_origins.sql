-- Where scans come from, and what scans of schedules are.

-- target, profile, schedule: the names that a scan was made by, kept when those are removed.
ALTER TABLE scan_jobs
  ADD COLUMN target text,
  ADD COLUMN profile text,
  ADD COLUMN schedule text;

-- worker_label: its scans are left to workers with that label.
ALTER TABLE schedules
  ADD COLUMN scan_type text NOT NULL DEFAULT 'network'
    CONSTRAINT schedules_scan_type_check CHECK (scan_type IN ('network', 'discovery')),
  ADD COLUMN worker_label text;

-- Tenants whose schedules a scheduler looks after.
CREATE FUNCTION portolan_private.tenants_with_schedules() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant_id FROM public.schedules WHERE enabled
  UNION SELECT tenant_id FROM public.schedule_runs WHERE status = 'started'
$$;
ALTER FUNCTION portolan_private.tenants_with_schedules () OWNER TO portolan_maintenance;
REVOKE ALL ON FUNCTION portolan_private.tenants_with_schedules () FROM public;
GRANT EXECUTE ON FUNCTION portolan_private.tenants_with_schedules ()
  TO portolan_worker, CURRENT_USER;
