-- Scans that start on a schedule.

-- cron: five fields, in the time zone. missed: what to do about a tick that no scheduler saw.
-- worker_label: its scans are queued for workers with this label. next_at: the next tick.
-- failures: consecutive failed scans; at max_failures the schedule is suspended.
CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  description TEXT,
  cron TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  target_id TEXT NOT NULL REFERENCES scan_targets (id),
  profile TEXT,
  scan_type TEXT NOT NULL DEFAULT 'network' CHECK (scan_type IN ('network', 'discovery')),
  worker_label TEXT,
  jitter_ms INTEGER NOT NULL DEFAULT 0 CHECK (jitter_ms >= 0),
  missed TEXT NOT NULL DEFAULT 'skip' CHECK (missed IN ('skip', 'run-once')),
  allowed_hours TEXT,
  max_failures INTEGER NOT NULL DEFAULT 5 CHECK (max_failures >= 0),
  failures INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  suspended_at INTEGER,
  next_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  created_by TEXT,
  modified_by TEXT,
  UNIQUE (tenant_id, name)
) STRICT;

CREATE INDEX schedules_next ON schedules (tenant_id, next_at)
  WHERE enabled = 1 AND suspended_at IS NULL;

-- The outcome of each tick. The key makes it one run, however many schedulers there are.
-- missed_before: ticks right before this one that no scheduler saw. paused_at: since when its scan
-- has been waiting for its allowed hours.
CREATE TABLE schedule_runs (
  schedule_id TEXT NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
  tick_at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (
    status IN ('started', 'completed', 'failed', 'cancelled', 'missed', 'skipped')
  ),
  job_id INTEGER REFERENCES scan_jobs (id) ON DELETE SET NULL,
  reason TEXT,
  missed_before INTEGER NOT NULL DEFAULT 0,
  decided_at INTEGER NOT NULL,
  ended_at INTEGER,
  paused_at INTEGER,
  PRIMARY KEY (schedule_id, tick_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX schedule_runs_started ON schedule_runs (schedule_id) WHERE status = 'started';
CREATE INDEX schedule_runs_of_job ON schedule_runs (job_id) WHERE job_id IS NOT NULL;
