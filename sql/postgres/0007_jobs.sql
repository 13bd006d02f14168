-- Scans that workers make: what a queued scan needs beside, leases of units, and who works.

-- is_detached: workers make it, not the process that recorded it. run_at: not before; next_unit:
-- units from here on were never leased; leased_at: when a worker last took units of it;
-- run_limit_ms: timeout_at is its start plus that; worker_label: only workers with that label.
ALTER TABLE scan_jobs
  ADD COLUMN is_detached boolean NOT NULL DEFAULT false,
  ADD COLUMN max_attempts integer NOT NULL DEFAULT 3,
  ADD COLUMN run_at timestamptz,
  ADD COLUMN run_limit_ms bigint,
  ADD COLUMN worker_label text,
  ADD COLUMN batch_size integer NOT NULL DEFAULT 50,
  ADD COLUMN next_unit bigint NOT NULL DEFAULT 0,
  ADD COLUMN leased_at timestamptz,
  ADD COLUMN total_items bigint GENERATED ALWAYS AS (coalesce(hosts_total, 0)) STORED,
  ADD COLUMN processed_items bigint GENERATED ALWAYS AS (hosts_done) STORED,
  ADD COLUMN failed_items bigint GENERATED ALWAYS AS (
    least(error_count, coalesce(hosts_total, 0))
  ) STORED,
  ADD COLUMN success_rate double precision GENERATED ALWAYS AS (
    CASE WHEN hosts_done > 0
      THEN (hosts_done - least(error_count, hosts_done))::double precision / hosts_done END
  ) STORED;

-- What a worker may take next.
CREATE INDEX scan_jobs_queue
  ON scan_jobs (tenant_id, priority DESC, leased_at NULLS FIRST, requested_at)
  WHERE is_detached AND status IN ('pending', 'running');

-- The one transition table of src/core/job-states.ts, also for whoever writes SQL by hand.
CREATE FUNCTION refuse_transition() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'illegal transition of % from % to %', TG_TABLE_NAME, OLD.status, NEW.status
    USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER scan_jobs_transition BEFORE UPDATE OF status ON scan_jobs
FOR EACH ROW
WHEN (OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN (
  'pending>running', 'pending>cancelled', 'pending>failed',
  'running>paused', 'running>completed', 'running>failed', 'running>cancelled', 'running>crashed',
  'paused>running', 'paused>cancelled', 'paused>failed', 'paused>crashed',
  'crashed>pending', 'crashed>failed', 'crashed>cancelled',
  'cancelled>pending', 'failed>pending'
))
EXECUTE FUNCTION refuse_transition();

-- As before, and leased: a worker has it until lease_until; released: it was handed back or its
-- worker was lost, with nothing found yet. attempt: the lease's number, without which nobody
-- writes the unit's results.
ALTER TABLE scan_units
  DROP CONSTRAINT scan_units_status_check,
  ADD CONSTRAINT scan_units_status_check CHECK (
    status IN ('leased', 'released', 'partial', 'completed')
  ),
  ALTER COLUMN completed_at DROP NOT NULL,
  ALTER COLUMN counts SET DEFAULT '{}',
  ADD COLUMN worker_id text,
  ADD COLUMN lease_until timestamptz;

CREATE INDEX scan_units_open ON scan_units (job_id, unit) WHERE status <> 'completed';

CREATE TRIGGER scan_units_transition BEFORE UPDATE OF status ON scan_units
FOR EACH ROW WHEN (OLD.status = 'completed' AND NEW.status <> 'completed')
EXECUTE FUNCTION refuse_transition();

-- Workers that are there, or were: heartbeat_at tells. A worker belongs to the tenant that it was
-- started for and works for all; what it does stands in scan_units, whose worker_id begins with
-- its id.
CREATE TABLE workers (
  tenant_id uuid NOT NULL CONSTRAINT workers_tenant_fkey REFERENCES tenants (id),
  id text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  process_started text NOT NULL,
  concurrency integer NOT NULL,
  scan_types jsonb NOT NULL,
  labels jsonb NOT NULL,
  is_stopping boolean NOT NULL DEFAULT false,
  started_at timestamptz NOT NULL,
  heartbeat_at timestamptz NOT NULL,
  CONSTRAINT workers_pkey PRIMARY KEY (tenant_id, id)
);

ALTER TABLE workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE workers FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone ON workers USING (true) WITH CHECK (true);
CREATE POLICY own_tenant ON workers AS RESTRICTIVE
  USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO portolan_app, portolan_maintenance;

-- Whoever listens hears what becomes of scans: small payloads, since a notification is at most
-- 8,000 bytes.
CREATE FUNCTION notify_job() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('portolan_jobs', json_build_object('tenant', NEW.tenant_id, 'job', NEW.id,
    'from', CASE TG_OP WHEN 'UPDATE' THEN OLD.status END, 'status', NEW.status)::text);
  RETURN NULL;
END
$$;

CREATE TRIGGER scan_jobs_created AFTER INSERT ON scan_jobs
FOR EACH ROW EXECUTE FUNCTION notify_job();

CREATE TRIGGER scan_jobs_changed AFTER UPDATE ON scan_jobs
FOR EACH ROW WHEN (
  OLD.status <> NEW.status OR OLD.hosts_done <> NEW.hosts_done OR OLD.hosts_up <> NEW.hosts_up
  OR OLD.ports_open <> NEW.ports_open
) EXECUTE FUNCTION notify_job();

-- Who runs workers is made a member of this role beside portolan_app: it takes tickets out of the
-- queue, which no tenant sees.
DO $$
BEGIN
  IF to_regrole('portolan_worker') IS NULL THEN
    CREATE ROLE portolan_worker NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

GRANT USAGE ON SCHEMA portolan_private TO portolan_worker;

-- A ticket in the queue asks a worker to look for work of one tenant: one ticket a tenant, kind of
-- work and priority, put in anew by whoever takes it while work is left. So a tenant with a
-- million units waits behind one with a single unit that came before. Runs with its owner's
-- rights, since the queue's tables are the owner's; the tenant is that of the transaction.
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

-- Tenants whose queued scans a worker looks after.
CREATE FUNCTION portolan_private.tenants_at_work() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT tenant_id FROM public.scan_jobs
  WHERE is_detached AND status IN ('pending', 'running', 'crashed')
$$;
ALTER FUNCTION portolan_private.tenants_at_work () OWNER TO portolan_maintenance;
REVOKE ALL ON FUNCTION portolan_private.tenants_at_work () FROM public;
GRANT EXECUTE ON FUNCTION portolan_private.tenants_at_work () TO portolan_worker, CURRENT_USER;
