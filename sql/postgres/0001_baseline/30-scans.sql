-- Scans, the units they are divided into, and their errors.

-- target, profile, schedule: the names the scan was created from, kept after those are removed.
-- is_detached: workers run the scan, not the process that created it. worker_label: only workers
-- with this label run it. run_at: do not start before. run_limit_ms: sets timeout_at at the start.
-- next_unit: units from here on were never leased. leased_at: when units were last leased.
CREATE TABLE scan_jobs (
  id uuid CONSTRAINT scan_jobs_pkey PRIMARY KEY,
  scan_id text,
  tenant_id uuid NOT NULL CONSTRAINT scan_jobs_tenant_fkey REFERENCES tenants (id),
  status text NOT NULL CONSTRAINT scan_jobs_status_check CHECK (
    status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled', 'crashed')
  ),
  scan_type text NOT NULL,
  target text,
  profile text,
  schedule text,
  config jsonb NOT NULL DEFAULT '{}',
  coverage jsonb NOT NULL DEFAULT '{}',
  args jsonb NOT NULL DEFAULT '[]',
  tool_version text,
  git_sha text,
  seed text,
  priority integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  max_attempts integer NOT NULL DEFAULT 3,
  is_detached boolean NOT NULL DEFAULT false,
  run_at timestamptz,
  run_limit_ms bigint,
  worker_label text,
  batch_size integer NOT NULL DEFAULT 50,
  next_unit bigint NOT NULL DEFAULT 0,
  leased_at timestamptz,
  unit_count bigint,
  hosts_total bigint,
  hosts_done bigint NOT NULL DEFAULT 0,
  hosts_up bigint NOT NULL DEFAULT 0,
  ports_open bigint NOT NULL DEFAULT 0,
  host_count bigint NOT NULL DEFAULT 0,
  error_count bigint NOT NULL DEFAULT 0,
  counts jsonb NOT NULL DEFAULT '{}',
  scan_stats jsonb,
  execution_context jsonb,
  error_message text,
  is_partial boolean NOT NULL DEFAULT false,
  worker_id text,
  worker_host text,
  worker_pid integer,
  worker_started text,
  timeout_at timestamptz,
  requested_at timestamptz NOT NULL,
  started_at timestamptz,
  completed_at timestamptz,
  heartbeat_at timestamptz,
  created_by text,
  modified_by text,
  progress_percent integer GENERATED ALWAYS AS (
    CASE WHEN status = 'completed' THEN 100
      WHEN hosts_total > 0 THEN least(100, hosts_done * 100 / hosts_total) ELSE 0 END
  ) STORED,
  total_items bigint GENERATED ALWAYS AS (coalesce(hosts_total, 0)) STORED,
  processed_items bigint GENERATED ALWAYS AS (hosts_done) STORED,
  failed_items bigint GENERATED ALWAYS AS (
    least(error_count, coalesce(hosts_total, 0))
  ) STORED,
  success_rate double precision GENERATED ALWAYS AS (
    CASE WHEN hosts_done > 0
      THEN (hosts_done - least(error_count, hosts_done))::double precision / hosts_done END
  ) STORED,
  CONSTRAINT scan_jobs_running_check CHECK (status <> 'running' OR started_at IS NOT NULL),
  CONSTRAINT scan_jobs_timing_check CHECK (completed_at >= started_at),
  CONSTRAINT scan_jobs_tenant_key UNIQUE (tenant_id, id),
  CONSTRAINT scan_jobs_scan_id_key UNIQUE (tenant_id, scan_id)
);

-- Scans, newest first, and those under way.
CREATE INDEX scan_jobs_requested ON scan_jobs (tenant_id, requested_at, id);
CREATE INDEX scan_jobs_under_way ON scan_jobs (status, requested_at)
  WHERE status IN ('pending', 'running', 'paused');

-- What a worker may lease next.
CREATE INDEX scan_jobs_queue
  ON scan_jobs (tenant_id, priority DESC, leased_at NULLS FIRST, requested_at)
  WHERE is_detached AND status IN ('pending', 'running');

CREATE FUNCTION refuse_transition() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'illegal transition of % from % to %', TG_TABLE_NAME, OLD.status, NEW.status
    USING ERRCODE = 'check_violation';
END
$$;

-- The transition table of src/core/job-states.ts, also enforced for SQL written by hand.
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

-- Only units that were leased have a row: a scan of a /8 has two million.
--
-- leased: a worker holds the unit until lease_until. released: it was handed back, or its worker
-- was lost, before anything was found. attempt: the number of the lease, without which nobody may
-- write the unit's results.
CREATE TABLE scan_units (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  unit bigint NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  status text NOT NULL CONSTRAINT scan_units_status_check CHECK (
    status IN ('leased', 'released', 'partial', 'completed')
  ),
  attempt integer NOT NULL,
  worker_id text,
  lease_until timestamptz,
  started_at timestamptz NOT NULL,
  completed_at timestamptz,
  counts jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT scan_units_pkey PRIMARY KEY (job_id, unit),
  CONSTRAINT scan_units_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX scan_units_open ON scan_units (job_id, unit) WHERE status <> 'completed';

CREATE TRIGGER scan_units_transition BEFORE UPDATE OF status ON scan_units
FOR EACH ROW WHEN (OLD.status = 'completed' AND NEW.status <> 'completed')
EXECUTE FUNCTION refuse_transition();

-- digest: the first 8 bytes of SHA-256 of the row's content, so that a repeat adds no row.
CREATE TABLE scan_errors (
  id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  digest bytea NOT NULL,
  scope text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  at timestamptz NOT NULL,
  CONSTRAINT scan_errors_pkey PRIMARY KEY (job_id, digest),
  CONSTRAINT scan_errors_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX scan_errors_order ON scan_errors (tenant_id, id);
CREATE INDEX scan_errors_of_job ON scan_errors (job_id, id);

-- Announces what happens to scans. Payloads are small: a notification holds at most 8,000 bytes.
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
