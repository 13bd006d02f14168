-- User configuration: targets, exclusions, scan profiles.

-- network: set where the target is a single network. targets: every network, range and name as
-- given.
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

-- Ranges, so that all 65,535 ports are one row. A row belongs to the tenant of its transaction.
CREATE TABLE scan_target_ports (
  tenant_id uuid NOT NULL DEFAULT nullif(current_setting('app.tenant_id', true), '')::uuid,
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

-- Addresses that are never scanned: for one target, or for all where target_id is NULL.
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
