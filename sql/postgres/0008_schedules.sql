-- Scans that begin by themselves.

-- cron: five fields, in the time zone. missed: what becomes of a tick at which nobody was there.
-- next_at: the tick that comes next. failures: scans that failed one after the other; at
-- max_failures the schedule is suspended.
CREATE TABLE schedules (
  id uuid CONSTRAINT schedules_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT schedules_tenant_fkey REFERENCES tenants (id),
  name text NOT NULL,
  description text,
  cron text NOT NULL,
  time_zone text NOT NULL,
  target_id uuid NOT NULL,
  profile text,
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

-- What became of a tick. The key is what makes it one run, however many schedulers look.
-- missed_before: ticks right before it at which nobody was there. paused_at: since when its scan
-- waits for its allowed hours.
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

DO $$
DECLARE
  tenant_table regclass;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['schedules', 'schedule_runs']::regclass[] LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY everyone ON %s USING (true) WITH CHECK (true)', tenant_table);
    EXECUTE format(
      'CREATE POLICY own_tenant ON %s AS RESTRICTIVE
        USING (tenant_id = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid))',
      tenant_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO portolan_app, portolan_maintenance',
      tenant_table);
  END LOOP;
END
$$;

-- Rows of a target are its tenant's without being told.
ALTER TABLE scan_target_ports
  ALTER COLUMN tenant_id SET DEFAULT nullif(current_setting('app.tenant_id', true), '')::uuid;
