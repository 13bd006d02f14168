-- Ports: the state known now, what each scan saw, and the services behind them.

-- last_seen: when the port was last open, or last recorded if it never was. checked_at: the time
-- of the observation that state rests on. last_changed: when state changed.
CREATE TABLE host_ports (
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  port INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
  state TEXT NOT NULL CHECK (
    state IN ('open', 'closed', 'filtered', 'open|filtered', 'unfiltered', 'closed|filtered', 'unknown')
  ),
  reason TEXT,
  service TEXT,
  product TEXT,
  version TEXT,
  confidence REAL,
  method TEXT,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  checked_at INTEGER NOT NULL,
  last_changed INTEGER NOT NULL,
  last_job_id INTEGER NOT NULL,
  PRIMARY KEY (host_id, transport, port)
) STRICT, WITHOUT ROWID;

-- Which hosts have port 443 open. Without it the query reads every known port.
CREATE INDEX host_ports_open ON host_ports (port) WHERE state = 'open';

CREATE TABLE port_scans (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL CHECK (transport IN ('tcp', 'udp')),
  port INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
  state TEXT NOT NULL CHECK (
    state IN ('open', 'closed', 'filtered', 'open|filtered', 'unfiltered', 'closed|filtered', 'unknown')
  ),
  reason TEXT,
  service TEXT,
  confidence REAL,
  method TEXT,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  UNIQUE (job_id, host_id, transport, port)
) STRICT;

-- Only services with more than a name. hostname, os_type, device_type: what the
-- service says about the machine it runs on.
CREATE TABLE services (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  product TEXT,
  vendor TEXT,
  version TEXT,
  extra_info TEXT,
  cpe TEXT,
  hostname TEXT,
  os_type TEXT,
  device_type TEXT,
  last_seen INTEGER NOT NULL,
  PRIMARY KEY (job_id, host_id, transport, port)
) STRICT, WITHOUT ROWID;

CREATE TABLE banner_scans (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  banner TEXT NOT NULL,
  t INTEGER NOT NULL,
  UNIQUE (job_id, host_id, transport, port, protocol)
) STRICT;
