-- Ports: the state known now, what each scan saw, and the services behind them.

-- last_seen: when the port was last open, or last recorded if it never was. checked_at: the time
-- of the observation that state rests on. last_changed: when state changed.
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

-- Which hosts have port 443 open, and which run a service.
CREATE INDEX host_ports_open ON host_ports (tenant_id, port, host_id) WHERE state = 'open';
CREATE INDEX host_ports_service ON host_ports (tenant_id, lower(service), host_id);

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

-- Only services with more than a name. hostname, os_type, device_type: what the
-- service says about the machine it runs on.
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
  hostname text,
  os_type text,
  device_type text,
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
