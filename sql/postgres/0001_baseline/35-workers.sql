-- Workers, present and past: heartbeat_at tells them apart. A worker belongs to the tenant it was
-- started for and works for all tenants. Units that it holds carry its id at the beginning of
-- scan_units.worker_id.
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
