-- Hosts: what is known now, what each scan saw, and what people changed.

-- address_key sorts like addresses. last_seen: when the host was last up. checked_at: the time of
-- the observation that status rests on.
CREATE TABLE hosts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  address TEXT NOT NULL,
  address_key BLOB NOT NULL,
  hostname TEXT,
  mac TEXT,
  vendor TEXT,
  os_family TEXT,
  asn INTEGER,
  org TEXT,
  status TEXT NOT NULL CHECK (status IN ('up', 'down', 'unknown')),
  suspect TEXT,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER,
  checked_at INTEGER NOT NULL,
  last_job_id INTEGER,
  UNIQUE (tenant_id, address_key)
) STRICT;

-- reason is NULL where no event named the host and only its ports speak for it.
CREATE TABLE host_scans (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('up', 'down', 'unknown')),
  reason TEXT,
  hostname TEXT,
  mac TEXT,
  vendor TEXT,
  os_family TEXT,
  asn INTEGER,
  org TEXT,
  suspect TEXT,
  not_shown TEXT,
  t INTEGER NOT NULL,
  PRIMARY KEY (job_id, host_id)
) STRICT, WITHOUT ROWID;

-- The history of a host: its scans, then its ports in each.
CREATE INDEX host_scans_host ON host_scans (host_id);

-- What people changed about a host, and why.
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
