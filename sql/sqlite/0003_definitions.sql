-- What people set up, and the record of who changed what.

ALTER TABLE tenants ADD COLUMN created_by TEXT;
ALTER TABLE tenants ADD COLUMN modified_by TEXT;

ALTER TABLE scan_jobs ADD COLUMN progress_percent INTEGER GENERATED ALWAYS AS (
  CASE WHEN status = 'completed' THEN 100
    WHEN hosts_total > 0 THEN min(100, hosts_done * 100 / hosts_total) ELSE 0 END
) VIRTUAL;
ALTER TABLE scan_jobs ADD COLUMN created_by TEXT;
ALTER TABLE scan_jobs ADD COLUMN modified_by TEXT;

-- network: where the target is one network; targets: every network, range and name, as given.
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

-- Ranges: all 65,535 ports are one row.
CREATE TABLE scan_target_ports (
  target_id TEXT NOT NULL REFERENCES scan_targets (id) ON DELETE CASCADE,
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (target_id, transport, first),
  CHECK (first BETWEEN 0 AND last AND last <= 65535)
) STRICT, WITHOUT ROWID;

-- Never scanned: by one target, or (target_id NULL) by any.
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

-- What people changed about a host by hand, and why.
CREATE TABLE host_history (
  id TEXT PRIMARY KEY,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  field TEXT NOT NULL,
  old_value TEXT,
  new_value TEXT,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  change_reason TEXT
) STRICT;

CREATE INDEX host_history_of_host ON host_history (host_id, changed_at);

-- One chain a tenant: hash is of the row and of the hash before it. audit_heads holds the end of
-- the chain, so that cutting it off shows too.
CREATE TABLE audit_log (
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('person', 'key', 'job')),
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  before TEXT CHECK (before IS NULL OR json_valid(before)),
  after TEXT CHECK (after IS NULL OR json_valid(after)),
  reason TEXT,
  address TEXT,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) STRICT;

CREATE TABLE audit_heads (
  tenant_id INTEGER PRIMARY KEY REFERENCES tenants (id),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;

-- For dashboards, as on PostgreSQL.
CREATE VIEW active_hosts AS
SELECT h.uuid AS id, h.address AS ip_address, h.hostname, h.mac AS mac_address, h.vendor,
  h.os_family, h.status, h.first_seen, h.last_seen,
  (SELECT count(*) FROM host_ports p WHERE p.host_id = h.id AND p.state = 'open') AS open_ports,
  (SELECT count(*) FROM host_scans s WHERE s.host_id = h.id AND s.state = 'up') AS discovery_count
FROM hosts h
WHERE h.status = 'up';

CREATE VIEW host_summary AS
SELECT h.address AS ip_address, h.status, h.last_seen,
  count(p.port) FILTER (WHERE p.state = 'open') AS open_ports, max(p.checked_at) AS last_scanned
FROM hosts h
LEFT JOIN host_ports p ON p.host_id = h.id
GROUP BY h.id;
