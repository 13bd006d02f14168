-- User configuration: targets, exclusions, scan profiles.

-- network: set where the target is a single network. targets: every network, range and name as
-- given.
CREATE TABLE scan_targets (
  id TEXT PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  description TEXT,
  network TEXT,
  targets TEXT NOT NULL CHECK (json_valid(targets)),
  scan_type TEXT NOT NULL DEFAULT 'network',
  config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  created_by TEXT,
  modified_by TEXT,
  UNIQUE (tenant_id, name)
) STRICT;

-- Ranges, so that all 65,535 ports are one row.
CREATE TABLE scan_target_ports (
  target_id TEXT NOT NULL REFERENCES scan_targets (id) ON DELETE CASCADE,
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (target_id, transport, first),
  CHECK (first BETWEEN 0 AND last AND last <= 65535)
) STRICT, WITHOUT ROWID;

-- Addresses that are never scanned: for one target, or for all where target_id is NULL.
CREATE TABLE exclusions (
  id TEXT PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  target_id TEXT REFERENCES scan_targets (id) ON DELETE CASCADE,
  excluded TEXT NOT NULL,
  reason TEXT,
  created_at INTEGER NOT NULL,
  created_by TEXT
) STRICT;

CREATE TABLE scan_profiles (
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  description TEXT,
  config TEXT NOT NULL CHECK (json_valid(config)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  created_by TEXT,
  modified_by TEXT,
  PRIMARY KEY (tenant_id, name)
) STRICT;
