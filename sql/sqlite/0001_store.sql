-- Inventory, scans and what each scan saw.
--
-- Jobs and hosts have integer keys inside, a third of the bytes of UUIDs in every fact; their
-- UUIDs are columns. Times are epoch ms. `x_scans` is x as one scan saw it; the V1 names (runs,
-- ports, banners, http_endpoints, errors) are views of them. An index stands here only where a
-- query needs it: their volume decides how fast a scan is recorded.

-- "PRTL": this file is a store of Portolan.
PRAGMA application_id = 1347572812;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

INSERT INTO tenants (id, uuid, name, created_at)
VALUES (1, '00000000-0000-0000-0000-000000000000', 'default', 0);

-- AUTOINCREMENT: an id is never given twice, so that what remembers a removed scan meets no other.
CREATE TABLE scan_jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  scan_id TEXT UNIQUE,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  status TEXT NOT NULL CHECK (
    status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled', 'crashed')
  ),
  scan_type TEXT NOT NULL,
  config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
  coverage TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(coverage)),
  args TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(args)),
  tool_version TEXT,
  git_sha TEXT,
  seed TEXT,
  priority INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  unit_count INTEGER,
  hosts_total INTEGER,
  hosts_done INTEGER NOT NULL DEFAULT 0,
  hosts_up INTEGER NOT NULL DEFAULT 0,
  ports_open INTEGER NOT NULL DEFAULT 0,
  host_count INTEGER NOT NULL DEFAULT 0,
  error_count INTEGER NOT NULL DEFAULT 0,
  counts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(counts)),
  scan_stats TEXT CHECK (scan_stats IS NULL OR json_valid(scan_stats)),
  execution_context TEXT CHECK (execution_context IS NULL OR json_valid(execution_context)),
  error_message TEXT,
  is_partial INTEGER NOT NULL DEFAULT 0 CHECK (is_partial IN (0, 1)),
  worker_id TEXT,
  worker_host TEXT,
  worker_pid INTEGER,
  worker_started TEXT,
  timeout_at INTEGER,
  requested_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER,
  heartbeat_at INTEGER
) STRICT;

-- Only units that were worked on have a row: a scan of a /8 has two million.
CREATE TABLE scan_units (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  unit INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('completed', 'partial')),
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  completed_at INTEGER NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (job_id, unit)
) STRICT, WITHOUT ROWID;

-- digest: the first 8 bytes of SHA-256 of what the row says, so that a repeat adds no row.
CREATE TABLE scan_errors (
  id INTEGER PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  digest BLOB NOT NULL,
  scope TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (job_id, digest)
) STRICT;

-- address_key sorts as addresses do. last_seen: last time it was up; checked_at: the time of the
-- observation that status rests on.
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

-- The state known now. last_seen: last time it was open (or recorded at all, where it never was);
-- checked_at: the time of the observation that state rests on; last_changed: of state.
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

-- Who has port 443 open: read on its own, without this index, is a pass over every port known.
CREATE INDEX host_ports_open ON host_ports (port) WHERE state = 'open';

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

-- Only services of which more than the name is known.
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

-- server_name: the name that was asked for; '' where none was. certificate: the server's own;
-- chain: JSON array of the SHA-256 of every certificate sent.
CREATE TABLE tls_scans (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  server_name TEXT NOT NULL,
  version TEXT,
  cipher TEXT,
  alpn TEXT,
  ja3 TEXT,
  ja3s TEXT,
  certificate TEXT,
  chain TEXT CHECK (chain IS NULL OR json_valid(chain)),
  t INTEGER NOT NULL,
  UNIQUE (job_id, host_id, transport, port, server_name)
) STRICT;

-- tls_server_name names the row of tls_scans that the page came through; NULL for http.
CREATE TABLE http_scans (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  scheme TEXT NOT NULL CHECK (scheme IN ('http', 'https')),
  authority TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,
  h2 INTEGER NOT NULL CHECK (h2 IN (0, 1)),
  server_header TEXT,
  content_type TEXT,
  content_length INTEGER,
  title TEXT,
  location TEXT,
  favicon_hash INTEGER,
  favicon_md5 TEXT,
  tech_tags TEXT CHECK (tech_tags IS NULL OR json_valid(tech_tags)),
  tls_server_name TEXT,
  t INTEGER NOT NULL,
  UNIQUE (job_id, host_id, transport, port, scheme, authority, path)
) STRICT;

-- Each certificate once, whoever presents it.
CREATE TABLE certificates (
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  sha256 TEXT NOT NULL,
  pem TEXT NOT NULL,
  subject TEXT NOT NULL,
  issuer TEXT NOT NULL,
  serial TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  names TEXT NOT NULL CHECK (json_valid(names)),
  key_type TEXT NOT NULL,
  key_bits INTEGER,
  is_self_signed INTEGER NOT NULL CHECK (is_self_signed IN (0, 1)),
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  UNIQUE (tenant_id, sha256)
) STRICT;

-- The V1 data set, for any program that reads SQLite. LEFT JOIN, so that a query that asks for
-- no id joins nothing.
CREATE VIEW runs AS
SELECT uuid AS run_id, started_at, completed_at AS finished_at, tool_version, args AS args_json,
  git_sha, host_count, error_count
FROM scan_jobs;

CREATE VIEW run_hosts AS
SELECT CAST(j.uuid || '/' || h.address AS TEXT) AS host_id, j.uuid AS run_id, h.address,
  s.hostname, s.asn, s.org
FROM host_scans s
LEFT JOIN hosts h ON h.id = s.host_id
LEFT JOIN scan_jobs j ON j.id = s.job_id;

CREATE VIEW ports AS
SELECT CAST(j.uuid || '/' || h.address || '/' || p.transport || '/' || p.port AS TEXT) AS port_id,
  CAST(j.uuid || '/' || h.address AS TEXT) AS host_id,
  p.transport, p.port, p.state, p.reason, p.service AS service_name, p.confidence,
  p.first_seen AS first_seen_ms, p.last_seen AS last_seen_ms
FROM port_scans p
LEFT JOIN hosts h ON h.id = p.host_id
LEFT JOIN scan_jobs j ON j.id = p.job_id;

CREATE VIEW banners AS
SELECT CAST(j.uuid || '/' || h.address || '/' || b.transport || '/' || b.port || '/' || b.protocol
    AS TEXT) AS banner_id,
  CAST(j.uuid || '/' || h.address || '/' || b.transport || '/' || b.port AS TEXT) AS port_id,
  b.protocol, b.banner, b.t AS collected_ms
FROM banner_scans b
LEFT JOIN hosts h ON h.id = b.host_id
LEFT JOIN scan_jobs j ON j.id = b.job_id;

CREATE VIEW http_endpoints AS
SELECT CAST(j.uuid || '/' || h.address || '/' || e.transport || '/' || e.port || '/' || e.scheme
    || '://' || e.authority || e.path AS TEXT) AS http_id,
  CAST(j.uuid || '/' || h.address || '/' || e.transport || '/' || e.port AS TEXT) AS port_id,
  e.scheme, e.authority, e.path, e.status, e.h2, e.server_header, e.content_type,
  CAST(CASE WHEN e.favicon_hash IS NOT NULL
    THEN printf('mmh3:0x%x', e.favicon_hash & 4294967295) END AS TEXT) AS favicon_hash,
  e.tech_tags AS tech_tags_json, s.ja3 AS tls_ja3, s.ja3s AS tls_ja3s,
  CAST(CASE WHEN s.chain IS NOT NULL THEN (
    SELECT json_group_array(pem) FROM (
      SELECT c.pem AS pem FROM json_each(s.chain) link
      JOIN certificates c ON c.tenant_id = j.tenant_id AND c.sha256 = link.value
      ORDER BY link.key
    )
  ) END AS TEXT) AS tls_chain_json,
  e.t AS collected_ms
FROM http_scans e
LEFT JOIN hosts h ON h.id = e.host_id
LEFT JOIN scan_jobs j ON j.id = e.job_id
LEFT JOIN tls_scans s ON s.job_id = e.job_id AND s.host_id = e.host_id
  AND s.transport = e.transport AND s.port = e.port AND s.server_name = e.tls_server_name;

CREATE VIEW errors AS
SELECT x.id AS error_id, j.uuid AS run_id, x.scope, x.code, x.message, x.at AS at_ms
FROM scan_errors x
LEFT JOIN scan_jobs j ON j.id = x.job_id;
