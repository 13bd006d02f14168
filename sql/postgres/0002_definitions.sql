-- What people set up, and the record of who changed what.

-- network: where the target is one network; targets: every network, range and name, as given.
CREATE TABLE scan_targets (
  id uuid CONSTRAINT scan_targets_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT scan_targets_tenant_fkey REFERENCES tenants (id),
  name text NOT NULL,
  description text,
  network cidr,
  targets jsonb NOT NULL,
  scan_type text NOT NULL DEFAULT 'network',
  config jsonb NOT NULL DEFAULT '{}',
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  created_by text,
  modified_by text,
  CONSTRAINT scan_targets_name_key UNIQUE (tenant_id, name),
  CONSTRAINT scan_targets_tenant_key UNIQUE (tenant_id, id)
);

-- Ranges: all 65,535 ports are one row.
CREATE TABLE scan_target_ports (
  tenant_id uuid NOT NULL,
  target_id uuid NOT NULL,
  transport text NOT NULL
    CONSTRAINT scan_target_ports_transport_check CHECK (transport IN ('tcp', 'udp')),
  first integer NOT NULL,
  last integer NOT NULL,
  CONSTRAINT scan_target_ports_pkey PRIMARY KEY (target_id, transport, first),
  CONSTRAINT scan_target_ports_range_check CHECK (first BETWEEN 0 AND last AND last <= 65535),
  CONSTRAINT scan_target_ports_target_fkey FOREIGN KEY (tenant_id, target_id)
    REFERENCES scan_targets (tenant_id, id) ON DELETE CASCADE
);

-- Never scanned: by one target, or (target_id NULL) by any.
CREATE TABLE exclusions (
  id uuid CONSTRAINT exclusions_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT exclusions_tenant_fkey REFERENCES tenants (id),
  target_id uuid,
  excluded text NOT NULL,
  reason text,
  created_at timestamptz NOT NULL,
  created_by text,
  CONSTRAINT exclusions_target_fkey FOREIGN KEY (tenant_id, target_id)
    REFERENCES scan_targets (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE scan_profiles (
  tenant_id uuid NOT NULL CONSTRAINT scan_profiles_tenant_fkey REFERENCES tenants (id),
  name text NOT NULL,
  description text,
  config jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  created_by text,
  modified_by text,
  CONSTRAINT scan_profiles_pkey PRIMARY KEY (tenant_id, name)
);

-- What people changed about a host by hand, and why.
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

-- One chain a tenant: hash is of the row and of the hash before it. audit_heads holds the end of
-- the chain, so that cutting it off shows too.
CREATE TABLE audit_log (
  tenant_id uuid NOT NULL CONSTRAINT audit_log_tenant_fkey REFERENCES tenants (id),
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  actor_kind text NOT NULL
    CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('person', 'key', 'job')),
  actor text NOT NULL,
  action text NOT NULL,
  object_type text NOT NULL,
  object_id text NOT NULL,
  before jsonb,
  after jsonb,
  reason text,
  address text,
  previous_hash text NOT NULL,
  hash text NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, seq)
);

CREATE INDEX audit_log_object ON audit_log (tenant_id, object_type, object_id, seq);

CREATE TABLE audit_heads (
  tenant_id uuid CONSTRAINT audit_heads_pkey PRIMARY KEY
    CONSTRAINT audit_heads_tenant_fkey REFERENCES tenants (id),
  seq bigint NOT NULL,
  hash text NOT NULL
);
