-- Scans that workers make: what a queued scan needs beside, leases of units, and who works.

-- is_detached: workers make it, not the process that recorded it. run_at: not before; next_unit:
-- units from here on were never leased; leased_at: when a worker last took units of it;
-- run_limit_ms: timeout_at is its start plus that; worker_label: only workers with that label.
ALTER TABLE scan_jobs ADD COLUMN is_detached INTEGER NOT NULL DEFAULT 0
  CHECK (is_detached IN (0, 1));
ALTER TABLE scan_jobs ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 3;
ALTER TABLE scan_jobs ADD COLUMN run_at INTEGER;
ALTER TABLE scan_jobs ADD COLUMN run_limit_ms INTEGER;
ALTER TABLE scan_jobs ADD COLUMN worker_label TEXT;
ALTER TABLE scan_jobs ADD COLUMN batch_size INTEGER NOT NULL DEFAULT 50;
ALTER TABLE scan_jobs ADD COLUMN next_unit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scan_jobs ADD COLUMN leased_at INTEGER;
ALTER TABLE scan_jobs ADD COLUMN total_items INTEGER GENERATED ALWAYS AS (
  coalesce(hosts_total, 0)
) VIRTUAL;
ALTER TABLE scan_jobs ADD COLUMN processed_items INTEGER GENERATED ALWAYS AS (hosts_done) VIRTUAL;
ALTER TABLE scan_jobs ADD COLUMN failed_items INTEGER GENERATED ALWAYS AS (
  min(error_count, coalesce(hosts_total, 0))
) VIRTUAL;
ALTER TABLE scan_jobs ADD COLUMN success_rate REAL GENERATED ALWAYS AS (
  CASE WHEN hosts_done > 0
    THEN (hosts_done - min(error_count, hosts_done)) * 1.0 / hosts_done END
) VIRTUAL;

-- What a worker may take next.
CREATE INDEX scan_jobs_queue ON scan_jobs (tenant_id, priority DESC, leased_at, requested_at)
  WHERE is_detached = 1 AND status IN ('pending', 'running');

-- The one transition table of src/core/job-states.ts, also for whoever writes SQL by hand.
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

-- As before, and leased: a worker has it until lease_until; released: it was handed back or its
-- worker was lost, with nothing found yet. attempt: the lease's number, without which nobody
-- writes the unit's results.
CREATE TABLE scan_units_new (
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

INSERT INTO scan_units_new (job_id, unit, first, last, status, attempt, started_at, completed_at,
  counts)
SELECT job_id, unit, first, last, status, attempt, started_at, completed_at, counts
FROM scan_units;

DROP TABLE scan_units;
ALTER TABLE scan_units_new RENAME TO scan_units;

CREATE INDEX scan_units_open ON scan_units (job_id, unit) WHERE status <> 'completed';

CREATE TRIGGER scan_units_transition BEFORE UPDATE OF status ON scan_units
WHEN OLD.status = 'completed' AND NEW.status <> 'completed'
BEGIN
  SELECT RAISE(ABORT, 'a completed unit stays completed');
END;

-- Workers that are there, or were: heartbeat_at tells. What each does stands in scan_units, whose
-- worker_id begins with its id.
CREATE TABLE workers (
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  id TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started TEXT NOT NULL,
  concurrency INTEGER NOT NULL,
  scan_types TEXT NOT NULL CHECK (json_valid(scan_types)),
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  is_stopping INTEGER NOT NULL DEFAULT 0 CHECK (is_stopping IN (0, 1)),
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
