-- Scans that start on a schedule.

-- cron: five fields, in the time zone. missed: what to do about a tick that no scheduler saw.
-- worker_label: its scans are queued for workers with this label. next_at: the next tick.
-- failures: consecutive failed scans; at max_failures the schedule is suspended.
CREATE TABLE schedules (
  id uuid CONSTRAINT schedules_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT schedules_tenant_fkey REFERENCES tenants (id),
  name text NOT NULL,
  description text,
  cron text NOT NULL,
  time_zone text NOT NULL,
  target_id uuid NOT NULL,
  profile text,
  scan_type text NOT NULL DEFAULT 'network'
    CONSTRAINT schedules_scan_type_check CHECK (scan_type IN ('network', 'discovery')),
  worker_label text,
  jitter_ms integer NOT NULL DEFAULT 0 CONSTRAINT schedules_jitter_check CHECK (jitter_ms >= 0),
  missed text NOT NULL DEFAULT 'skip'
    CONSTRAINT schedules_missed_check CHECK (missed IN ('skip', 'run-once')),
  allowed_hours text,
  max_failures integer NOT NULL DEFAULT 5
    CONSTRAINT schedules_max_failures_check CHECK (max_failures >= 0),
  failures integer NOT NULL DEFAULT 0,
  enabled boolean NOT NULL DEFAULT true,
  suspended_at timestamptz,
  next_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  created_by text,
  modified_by text,
  CONSTRAINT schedules_name_key UNIQUE (tenant_id, name),
  CONSTRAINT schedules_tenant_key UNIQUE (tenant_id, id),
  CONSTRAINT schedules_target_fkey FOREIGN KEY (tenant_id, target_id)
    REFERENCES scan_targets (tenant_id, id)
);

CREATE INDEX schedules_next ON schedules (tenant_id, next_at)
  WHERE enabled AND suspended_at IS NULL;

-- The outcome of each tick. The key makes it one run, however many schedulers there are.
-- missed_before: ticks right before this one that no scheduler saw. paused_at: since when its scan
-- has been waiting for its allowed hours. A row belongs to the tenant of its transaction.
CREATE TABLE schedule_runs (
  tenant_id uuid NOT NULL DEFAULT nullif(current_setting('app.tenant_id', true), '')::uuid,
  schedule_id uuid NOT NULL,
  tick_at timestamptz NOT NULL,
  status text NOT NULL CONSTRAINT schedule_runs_status_check CHECK (
    status IN ('started', 'completed', 'failed', 'cancelled', 'missed', 'skipped')
  ),
  job_id uuid,
  reason text,
  missed_before integer NOT NULL DEFAULT 0,
  decided_at timestamptz NOT NULL,
  ended_at timestamptz,
  paused_at timestamptz,
  CONSTRAINT schedule_runs_pkey PRIMARY KEY (schedule_id, tick_at),
  CONSTRAINT schedule_runs_schedule_fkey FOREIGN KEY (tenant_id, schedule_id)
    REFERENCES schedules (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT schedule_runs_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE SET NULL (job_id)
);

CREATE INDEX schedule_runs_started ON schedule_runs (schedule_id) WHERE status = 'started';
CREATE INDEX schedule_runs_of_job ON schedule_runs (tenant_id, job_id) WHERE job_id IS NOT NULL;
