-- TLS, web pages and certificates.

-- server_name: the name in the ClientHello, '' if there was none. certificate: the server's.
-- chain: JSON array of the SHA-256 of every certificate sent.
CREATE TABLE tls_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL,
  port integer NOT NULL,
  server_name text NOT NULL,
  version text,
  cipher text,
  alpn text,
  ja3 text,
  ja3s text,
  certificate text,
  chain jsonb,
  t timestamptz NOT NULL,
  CONSTRAINT tls_scans_pkey PRIMARY KEY (job_id, host_id, transport, port, server_name),
  CONSTRAINT tls_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT tls_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

-- Which hosts of the tenant present a certificate.
CREATE INDEX tls_scans_certificate ON tls_scans (tenant_id, certificate, host_id)
  WHERE certificate IS NOT NULL;

-- tls_server_name names the row of tls_scans that the page was fetched over; NULL for http.
CREATE TABLE http_scans (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL,
  port integer NOT NULL,
  scheme text NOT NULL CONSTRAINT http_scans_scheme_check CHECK (scheme IN ('http', 'https')),
  authority text NOT NULL,
  path text NOT NULL,
  status integer NOT NULL,
  h2 smallint NOT NULL CONSTRAINT http_scans_h2_check CHECK (h2 IN (0, 1)),
  server_header text,
  content_type text,
  content_length bigint,
  title text,
  location text,
  favicon_hash integer,
  favicon_md5 text,
  tech_tags jsonb,
  tls_server_name text,
  t timestamptz NOT NULL,
  CONSTRAINT http_scans_pkey
    PRIMARY KEY (job_id, host_id, transport, port, scheme, authority, path),
  CONSTRAINT http_scans_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT http_scans_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

-- The pages of a host, newest first.
CREATE INDEX http_scans_host ON http_scans (host_id, t);

-- Each certificate once, however many hosts present it.
CREATE TABLE certificates (
  tenant_id uuid NOT NULL CONSTRAINT certificates_tenant_fkey REFERENCES tenants (id),
  sha256 text NOT NULL,
  pem text NOT NULL,
  subject text NOT NULL,
  issuer text NOT NULL,
  serial text NOT NULL,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  names jsonb NOT NULL,
  key_type text NOT NULL,
  key_bits integer,
  is_self_signed boolean NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  CONSTRAINT certificates_pkey PRIMARY KEY (tenant_id, sha256)
);

-- Those that expire first.
CREATE INDEX certificates_expiry ON certificates (tenant_id, not_after, sha256);
