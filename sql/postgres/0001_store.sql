-- Inventory, scans and what each scan saw: the tables of the SQLite store, for PostgreSQL 15 and
-- newer.
--
-- Ids are UUIDs that the application computes: hosts.id of tenant and address, job ids with their
-- time in front (version 7). Every row carries its tenant; 0002 lets a transaction see one tenant
-- only. Facts (x_scans, services) are keyed by host and job, refer to both and to no other fact,
-- and are partitioned by the time that stands in job_id: docs/decisions/0005-postgresql-layout.md.
-- An index stands here only where a query needs it.

CREATE TABLE settings (
  name text CONSTRAINT settings_pkey PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE tenants (
  id uuid CONSTRAINT tenants_pkey PRIMARY KEY,
  name text NOT NULL CONSTRAINT tenants_name_key UNIQUE,
  created_at timestamptz NOT NULL,
  created_by text,
  modified_by text
);

INSERT INTO tenants (id, name, created_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'default', 'epoch');

CREATE TABLE scan_jobs (
  id uuid CONSTRAINT scan_jobs_pkey PRIMARY KEY,
  scan_id text,
  tenant_id uuid NOT NULL CONSTRAINT scan_jobs_tenant_fkey REFERENCES tenants (id),
  status text NOT NULL CONSTRAINT scan_jobs_status_check CHECK (
    status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled', 'crashed')
  ),
  scan_type text NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  coverage jsonb NOT NULL DEFAULT '{}',
  args jsonb NOT NULL DEFAULT '[]',
  tool_version text,
  git_sha text,
  seed text,
  priority integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
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
  progress_percent integer GENERATED ALWAYS AS (
    CASE WHEN status = 'completed' THEN 100
      WHEN hosts_total > 0 THEN least(100, hosts_done * 100 / hosts_total) ELSE 0 END
  ) STORED,
  created_by text,
  modified_by text,
  CONSTRAINT scan_jobs_running_check CHECK (status <> 'running' OR started_at IS NOT NULL),
  CONSTRAINT scan_jobs_timing_check CHECK (completed_at >= started_at),
  CONSTRAINT scan_jobs_tenant_key UNIQUE (tenant_id, id),
  CONSTRAINT scan_jobs_scan_id_key UNIQUE (tenant_id, scan_id)
);

-- Scans, newest first; those under way.
CREATE INDEX scan_jobs_requested ON scan_jobs (tenant_id, requested_at, id);
CREATE INDEX scan_jobs_under_way ON scan_jobs (status, requested_at)
  WHERE status IN ('pending', 'running', 'paused');

CREATE TABLE scan_units (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  unit bigint NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  status text NOT NULL CONSTRAINT scan_units_status_check CHECK (
    status IN ('completed', 'partial')
  ),
  attempt integer NOT NULL,
  started_at timestamptz NOT NULL,
  completed_at timestamptz NOT NULL,
  counts jsonb NOT NULL,
  CONSTRAINT scan_units_pkey PRIMARY KEY (job_id, unit),
  CONSTRAINT scan_units_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE
);

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

CREATE TABLE hosts (
  id uuid CONSTRAINT hosts_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT hosts_tenant_fkey REFERENCES tenants (id),
  address inet NOT NULL,
  hostname text,
  mac macaddr,
  vendor text,
  os_family text,
  asn bigint,
  org text,
  status text NOT NULL CONSTRAINT hosts_status_check CHECK (status IN ('up', 'down', 'unknown')),
  suspect text,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz,
  checked_at timestamptz NOT NULL,
  last_job_id uuid,
  CONSTRAINT hosts_address_key UNIQUE (tenant_id, address, id),
  CONSTRAINT hosts_tenant_key UNIQUE (tenant_id, id)
);

CREATE INDEX hosts_hostname ON hosts (tenant_id, hostname) WHERE hostname IS NOT NULL;
CREATE INDEX hosts_active ON hosts (tenant_id, last_seen) WHERE status = 'up';

CREATE TABLE host_ports (
  tenant_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL CONSTRAINT host_ports_transport_check CHECK (transport IN ('tcp', 'udp')),
  port integer NOT NULL CONSTRAINT host_ports_port_check CHECK (port BETWEEN 0 AND 65535),
  state text NOT NULL CONSTRAINT host_ports_state_check CHECK (
    state IN ('open', 'closed', 'filtered', 'open|filtered', 'unfiltered', 'closed|filtered', 'unknown')
  ),
  reason text,
  service text,
  product text,
  version text,
  confidence double precision,
  method text,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  checked_at timestamptz NOT NULL,
  last_changed timestamptz NOT NULL,
  last_job_id uuid NOT NULL,
  CONSTRAINT host_ports_pkey PRIMARY KEY (host_id, transport, port),
  CONSTRAINT host_ports_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
);

-- Who has port 443 open, and which hosts run a product.
CREATE INDEX host_ports_open ON host_ports (tenant_id, port, host_id) WHERE state = 'open';
CREATE INDEX host_ports_service ON host_ports (tenant_id, lower(service), host_id);

CREATE TABLE host_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  state text NOT NULL CONSTRAINT host_scans_state_check CHECK (state IN ('up', 'down', 'unknown')),
  reason text,
  hostname text,
  mac macaddr,
  vendor text,
  os_family text,
  asn bigint,
  org text,
  suspect text,
  not_shown jsonb,
  t timestamptz NOT NULL,
  CONSTRAINT host_scans_pkey PRIMARY KEY (job_id, host_id),
  CONSTRAINT host_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT host_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

-- The history of a host.
CREATE INDEX host_scans_host ON host_scans (host_id, t);

CREATE TABLE port_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL CONSTRAINT port_scans_transport_check CHECK (transport IN ('tcp', 'udp')),
  port integer NOT NULL CONSTRAINT port_scans_port_check CHECK (port BETWEEN 0 AND 65535),
  state text NOT NULL CONSTRAINT port_scans_state_check CHECK (
    state IN ('open', 'closed', 'filtered', 'open|filtered', 'unfiltered', 'closed|filtered', 'unknown')
  ),
  reason text,
  service text,
  confidence double precision,
  method text,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  CONSTRAINT port_scans_pkey PRIMARY KEY (job_id, host_id, transport, port),
  CONSTRAINT port_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT port_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

CREATE TABLE services (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL,
  port integer NOT NULL,
  product text,
  vendor text,
  version text,
  extra_info text,
  cpe text,
  last_seen timestamptz NOT NULL,
  CONSTRAINT services_pkey PRIMARY KEY (job_id, host_id, transport, port),
  CONSTRAINT services_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT services_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

CREATE TABLE banner_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL,
  port integer NOT NULL,
  protocol text NOT NULL,
  banner text NOT NULL,
  t timestamptz NOT NULL,
  CONSTRAINT banner_scans_pkey PRIMARY KEY (job_id, host_id, transport, port, protocol),
  CONSTRAINT banner_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT banner_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

CREATE TABLE tls_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL,
  port integer NOT NULL,
  server_name text NOT NULL,
  version text,
  cipher text,
  alpn text,
  ja3 text,
  ja3s text,
  certificate text,
  chain jsonb,
  t timestamptz NOT NULL,
  CONSTRAINT tls_scans_pkey PRIMARY KEY (job_id, host_id, transport, port, server_name),
  CONSTRAINT tls_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT tls_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

-- Who presents a certificate.
CREATE INDEX tls_scans_certificate ON tls_scans (certificate, host_id)
  WHERE certificate IS NOT NULL;

CREATE TABLE http_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL,
  port integer NOT NULL,
  scheme text NOT NULL CONSTRAINT http_scans_scheme_check CHECK (scheme IN ('http', 'https')),
  authority text NOT NULL,
  path text NOT NULL,
  status integer NOT NULL,
  h2 smallint NOT NULL CONSTRAINT http_scans_h2_check CHECK (h2 IN (0, 1)),
  server_header text,
  content_type text,
  content_length bigint,
  title text,
  location text,
  favicon_hash integer,
  favicon_md5 text,
  tech_tags jsonb,
  tls_server_name text,
  t timestamptz NOT NULL,
  CONSTRAINT http_scans_pkey
    PRIMARY KEY (job_id, host_id, transport, port, scheme, authority, path),
  CONSTRAINT http_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT http_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

-- The pages of a host, newest first.
CREATE INDEX http_scans_host ON http_scans (host_id, t);

CREATE TABLE certificates (
  tenant_id uuid NOT NULL CONSTRAINT certificates_tenant_fkey REFERENCES tenants (id),
  sha256 text NOT NULL,
  pem text NOT NULL,
  subject text NOT NULL,
  issuer text NOT NULL,
  serial text NOT NULL,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  names jsonb NOT NULL,
  key_type text NOT NULL,
  key_bits integer,
  is_self_signed boolean NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  CONSTRAINT certificates_pkey PRIMARY KEY (tenant_id, sha256)
);

-- Those that expire first.
CREATE INDEX certificates_expiry ON certificates (tenant_id, not_after, sha256);
