-- TLS, web pages and certificates.

-- server_name: the name in the ClientHello, '' if there was none. certificate: the server's.
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

-- tls_server_name names the row of tls_scans that the page was fetched over; NULL for http.
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

-- Each certificate once, however many hosts present it.
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
