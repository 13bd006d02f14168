-- What checks, scripts and other scanners report about hosts and ports.

-- host_id is NULL if a finding concerns just a name, transport and port if it concerns no
-- port. digest: the first 8 bytes of SHA-256 of source, rule, matcher, matched_at and the place.
-- cve, cwe, tags, extracted: JSON arrays of text.
CREATE TABLE findings (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  digest bytea NOT NULL,
  host_id uuid,
  transport text,
  port integer,
  source text NOT NULL,
  rule text NOT NULL,
  matcher text,
  name text NOT NULL,
  severity text NOT NULL CONSTRAINT findings_severity_check CHECK (
    severity IN ('unknown', 'info', 'low', 'medium', 'high', 'critical')
  ),
  matched_at text NOT NULL,
  description text,
  cve jsonb,
  cwe jsonb,
  cvss double precision,
  tags jsonb,
  extracted jsonb,
  t timestamptz NOT NULL,
  CONSTRAINT findings_pkey PRIMARY KEY (job_id, digest),
  CONSTRAINT findings_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT findings_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

CREATE INDEX findings_host ON findings (host_id);

-- transport is '' and port 0 where a script examined the host rather than a port.
CREATE TABLE script_results (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  transport text NOT NULL CONSTRAINT script_results_transport_check
    CHECK (transport IN ('', 'tcp', 'udp')),
  port integer NOT NULL,
  script text NOT NULL,
  output text NOT NULL,
  data jsonb,
  t timestamptz NOT NULL,
  CONSTRAINT script_results_pkey PRIMARY KEY (job_id, host_id, transport, port, script),
  CONSTRAINT script_results_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT script_results_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

-- place: 0 for the best match. accuracy: 0 to 1.
CREATE TABLE os_matches (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  place integer NOT NULL,
  name text NOT NULL,
  accuracy double precision NOT NULL,
  family text,
  vendor text,
  generation text,
  device_type text,
  cpe text,
  t timestamptz NOT NULL,
  CONSTRAINT os_matches_pkey PRIMARY KEY (job_id, host_id, place),
  CONSTRAINT os_matches_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT os_matches_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);

CREATE TABLE trace_hops (
  tenant_id uuid NOT NULL,
  job_id uuid NOT NULL,
  host_id uuid NOT NULL,
  ttl integer NOT NULL,
  address text NOT NULL,
  rtt_ms double precision,
  hostname text,
  t timestamptz NOT NULL,
  CONSTRAINT trace_hops_pkey PRIMARY KEY (job_id, host_id, ttl),
  CONSTRAINT trace_hops_job_fkey FOREIGN KEY (tenant_id, job_id)
    REFERENCES scan_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT trace_hops_host_fkey FOREIGN KEY (tenant_id, host_id)
    REFERENCES hosts (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (job_id);
