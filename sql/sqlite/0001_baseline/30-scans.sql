-- Scans, the units they are divided into, and their errors.

-- AUTOINCREMENT never reuses an id, so that a reference to a removed scan never meets another one.
--
-- target, profile, schedule: the names the scan was created from, kept after those are removed.
-- is_detached: workers run the scan, not the process that created it. worker_label: only workers
-- with this label run it. run_at: do not start before. run_limit_ms: sets timeout_at at the start.
-- next_unit: units from here on were never leased. leased_at: when units were last leased.
CREATE TABLE scan_jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  scan_id TEXT UNIQUE,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  status TEXT NOT NULL CHECK (
    status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled', 'crashed')
  ),
  scan_type TEXT NOT NULL,
  target TEXT,
  profile TEXT,
  schedule TEXT,
  config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
  coverage TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(coverage)),
  args TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(args)),
  tool_version TEXT,
  git_sha TEXT,
  seed TEXT,
  priority INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL DEFAULT 3,
  is_detached INTEGER NOT NULL DEFAULT 0 CHECK (is_detached IN (0, 1)),
  run_at INTEGER,
  run_limit_ms INTEGER,
  worker_label TEXT,
  batch_size INTEGER NOT NULL DEFAULT 50,
  next_unit INTEGER NOT NULL DEFAULT 0,
  leased_at INTEGER,
  unit_count INTEGER,
  hosts_total INTEGER,
  hosts_done INTEGER NOT NULL DEFAULT 0,
  hosts_up INTEGER NOT NULL DEFAULT 0,
  ports_open INTEGER NOT NULL DEFAULT 0,
  host_count INTEGER NOT NULL DEFAULT 0,
  error_count INTEGER NOT NULL DEFAULT 0,
  counts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(counts)),
  scan_stats TEXT CHECK (scan_stats IS NULL OR json_valid(scan_stats)),
  execution_context TEXT CHECK (execution_context IS NULL OR json_valid(execution_context)),
  error_message TEXT,
  is_partial INTEGER NOT NULL DEFAULT 0 CHECK (is_partial IN (0, 1)),
  worker_id TEXT,
  worker_host TEXT,
  worker_pid INTEGER,
  worker_started TEXT,
  timeout_at INTEGER,
  requested_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER,
  heartbeat_at INTEGER,
  created_by TEXT,
  modified_by TEXT,
  progress_percent INTEGER GENERATED ALWAYS AS (
    CASE WHEN status = 'completed' THEN 100
      WHEN hosts_total > 0 THEN min(100, hosts_done * 100 / hosts_total) ELSE 0 END
  ) VIRTUAL,
  total_items INTEGER GENERATED ALWAYS AS (coalesce(hosts_total, 0)) VIRTUAL,
  processed_items INTEGER GENERATED ALWAYS AS (hosts_done) VIRTUAL,
  failed_items INTEGER GENERATED ALWAYS AS (
    min(error_count, coalesce(hosts_total, 0))
  ) VIRTUAL,
  success_rate REAL GENERATED ALWAYS AS (
    CASE WHEN hosts_done > 0
      THEN (hosts_done - min(error_count, hosts_done)) * 1.0 / hosts_done END
  ) VIRTUAL
) STRICT;

-- What a worker may lease next.
CREATE INDEX scan_jobs_queue ON scan_jobs (tenant_id, priority DESC, leased_at, requested_at)
  WHERE is_detached = 1 AND status IN ('pending', 'running');

-- The transition table of src/core/job-states.ts, also enforced for SQL written by hand.
CREATE TRIGGER scan_jobs_transition BEFORE UPDATE OF status ON scan_jobs
WHEN OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN (
  'pending>running', 'pending>cancelled', 'pending>failed',
  'running>paused', 'running>completed', 'running>failed', 'running>cancelled', 'running>crashed',
  'paused>running', 'paused>cancelled', 'paused>failed', 'paused>crashed',
  'crashed>pending', 'crashed>failed', 'crashed>cancelled',
  'cancelled>pending', 'failed>pending'
)
BEGIN
  SELECT RAISE(ABORT, 'illegal transition of a scan');
END;

-- Only units that were leased have a row: a scan of a /8 has two million.
--
-- leased: a worker holds the unit until lease_until. released: it was handed back, or its worker
-- was lost, before anything was found. attempt: the number of the lease, without which nobody may
-- write the unit's results.
CREATE TABLE scan_units (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  unit INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('leased', 'released', 'partial', 'completed')),
  attempt INTEGER NOT NULL,
  worker_id TEXT,
  lease_until INTEGER,
  started_at INTEGER NOT NULL,
  completed_at INTEGER,
  counts TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (job_id, unit)
) STRICT, WITHOUT ROWID;

CREATE INDEX scan_units_open ON scan_units (job_id, unit) WHERE status <> 'completed';

CREATE TRIGGER scan_units_transition BEFORE UPDATE OF status ON scan_units
WHEN OLD.status = 'completed' AND NEW.status <> 'completed'
BEGIN
  SELECT RAISE(ABORT, 'a completed unit stays completed');
END;

-- digest: the first 8 bytes of SHA-256 of the row's content, so that a repeat adds no row.
CREATE TABLE scan_errors (
  id INTEGER PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  digest BLOB NOT NULL,
  scope TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (job_id, digest)
) STRICT;
