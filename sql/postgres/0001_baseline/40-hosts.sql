-- Hosts: what is known now, what each scan saw, and what people changed.

-- last_seen: when the host was last up. checked_at: the time of the observation that status rests
-- on.
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

-- reason is NULL where no event named the host and only its ports speak for it.
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

-- What people changed about a host, and why.
CREATE TABLE host_history (
  tenant_id uuid NOT NULL,
  id uuid CONSTRAINT host_history_pkey PRIMARY KEY,
  host_id uuid NOT NULL,
  field text NOT NULL,
  old_value text,
  new_value text,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  change_reason text,
  CONSTRAINT host_history_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX host_history_of_host ON host_history (host_id, changed_at);
