-- What checks, scripts and other scanners report about hosts and ports.

-- host_id is NULL if a finding concerns just a name, transport and port if it concerns no
-- port. digest: the first 8 bytes of SHA-256 of source, rule, matcher, matched_at and the place.
-- cve, cwe, tags, extracted: JSON arrays of text.
CREATE TABLE findings (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  digest BLOB NOT NULL,
  host_id INTEGER REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT,
  port INTEGER,
  source TEXT NOT NULL,
  rule TEXT NOT NULL,
  matcher TEXT,
  name TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (
    severity IN ('unknown', 'info', 'low', 'medium', 'high', 'critical')
  ),
  matched_at TEXT NOT NULL,
  description TEXT,
  cve TEXT CHECK (cve IS NULL OR json_valid(cve)),
  cwe TEXT CHECK (cwe IS NULL OR json_valid(cwe)),
  cvss REAL,
  tags TEXT CHECK (tags IS NULL OR json_valid(tags)),
  extracted TEXT CHECK (extracted IS NULL OR json_valid(extracted)),
  t INTEGER NOT NULL,
  PRIMARY KEY (job_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_host ON findings (host_id);

-- transport is '' and port 0 where a script examined the host rather than a port.
CREATE TABLE script_results (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  transport TEXT NOT NULL CHECK (transport IN ('', 'tcp', 'udp')),
  port INTEGER NOT NULL,
  script TEXT NOT NULL,
  output TEXT NOT NULL,
  data TEXT CHECK (data IS NULL OR json_valid(data)),
  t INTEGER NOT NULL,
  UNIQUE (job_id, host_id, transport, port, script)
) STRICT;

-- place: 0 for the best match. accuracy: 0 to 1.
CREATE TABLE os_matches (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  accuracy REAL NOT NULL,
  family TEXT,
  vendor TEXT,
  generation TEXT,
  device_type TEXT,
  cpe TEXT,
  t INTEGER NOT NULL,
  PRIMARY KEY (job_id, host_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_hops (
  job_id INTEGER NOT NULL REFERENCES scan_jobs (id) ON DELETE CASCADE,
  host_id INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
  ttl INTEGER NOT NULL,
  address TEXT NOT NULL,
  rtt_ms REAL,
  hostname TEXT,
  t INTEGER NOT NULL,
  PRIMARY KEY (job_id, host_id, ttl)
) STRICT, WITHOUT ROWID;
