-- Views for dashboards, and for any program that reads PostgreSQL. Each runs with the rights of the
-- user who queries it, so that row-level security applies.

-- The V1 data set. Its times are epoch ms.
CREATE FUNCTION epoch_ms(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT round(extract(epoch FROM at) * 1000)::bigint
$$;

CREATE VIEW runs WITH (security_invoker = true) AS
SELECT id::text AS run_id, epoch_ms(started_at) AS started_at,
  epoch_ms(completed_at) AS finished_at, tool_version, args::text AS args_json, git_sha,
  host_count, error_count
FROM scan_jobs;

CREATE VIEW run_hosts WITH (security_invoker = true) AS
SELECT s.job_id || '/' || host(h.address) AS host_id, s.job_id::text AS run_id,
  host(h.address) AS address, s.hostname, s.asn, s.org
FROM host_scans s
JOIN hosts h ON h.id = s.host_id;

CREATE VIEW ports WITH (security_invoker = true) AS
SELECT p.job_id || '/' || host(h.address) || '/' || p.transport || '/' || p.port AS port_id,
  p.job_id || '/' || host(h.address) AS host_id,
  p.transport, p.port, p.state, p.reason, p.service AS service_name, p.confidence,
  epoch_ms(p.first_seen) AS first_seen_ms, epoch_ms(p.last_seen) AS last_seen_ms
FROM port_scans p
JOIN hosts h ON h.id = p.host_id;

CREATE VIEW banners WITH (security_invoker = true) AS
SELECT b.job_id || '/' || host(h.address) || '/' || b.transport || '/' || b.port || '/'
    || b.protocol AS banner_id,
  b.job_id || '/' || host(h.address) || '/' || b.transport || '/' || b.port AS port_id,
  b.protocol, b.banner, epoch_ms(b.t) AS collected_ms
FROM banner_scans b
JOIN hosts h ON h.id = b.host_id;

CREATE VIEW http_endpoints WITH (security_invoker = true) AS
SELECT e.job_id || '/' || host(h.address) || '/' || e.transport || '/' || e.port || '/'
    || e.scheme || '://' || e.authority || e.path AS http_id,
  e.job_id || '/' || host(h.address) || '/' || e.transport || '/' || e.port AS port_id,
  e.scheme, e.authority, e.path, e.status, e.h2::integer AS h2, e.server_header, e.content_type,
  'mmh3:0x' || to_hex(e.favicon_hash) AS favicon_hash, e.tech_tags::text AS tech_tags_json,
  s.ja3 AS tls_ja3, s.ja3s AS tls_ja3s,
  CASE WHEN s.chain IS NOT NULL THEN (
    SELECT coalesce(jsonb_agg(c.pem ORDER BY link.place), '[]')::text
    FROM jsonb_array_elements_text(s.chain) WITH ORDINALITY link (sha256, place)
    JOIN certificates c ON c.tenant_id = s.tenant_id AND c.sha256 = link.sha256
  ) END AS tls_chain_json,
  epoch_ms(e.t) AS collected_ms
FROM http_scans e
JOIN hosts h ON h.id = e.host_id
LEFT JOIN tls_scans s ON s.job_id = e.job_id AND s.host_id = e.host_id
  AND s.transport = e.transport AND s.port = e.port AND s.server_name = e.tls_server_name;

CREATE VIEW errors WITH (security_invoker = true) AS
SELECT x.id AS error_id, x.job_id::text AS run_id, x.scope, x.code, x.message,
  epoch_ms(x.at) AS at_ms
FROM scan_errors x;

-- For dashboards: hosts that answer, the open ports of hosts and networks, how scans perform.
CREATE VIEW active_hosts WITH (security_invoker = true) AS
SELECT h.id, h.address AS ip_address, h.hostname, h.mac AS mac_address, h.vendor, h.os_family,
  h.status, h.first_seen, h.last_seen,
  (SELECT count(*) FROM host_ports p WHERE p.host_id = h.id AND p.state = 'open') AS open_ports,
  (SELECT count(*) FROM host_scans s WHERE s.host_id = h.id AND s.state = 'up') AS discovery_count
FROM hosts h
WHERE h.status = 'up';

CREATE VIEW scan_performance_stats WITH (security_invoker = true) AS
SELECT scan_type, date_trunc('day', requested_at, 'UTC') AS day, count(*) AS scans,
  count(*) FILTER (WHERE status = 'completed') AS completed,
  count(*) FILTER (WHERE status = 'failed') AS failed,
  count(*) FILTER (WHERE status IN ('cancelled', 'crashed')) AS interrupted,
  avg(completed_at - started_at) FILTER (WHERE status = 'completed') AS average_duration,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM completed_at - started_at))
    FILTER (WHERE status = 'completed') AS p95_seconds,
  sum(host_count) AS hosts, sum(ports_open) AS open_ports, sum(error_count) AS errors
FROM scan_jobs
GROUP BY scan_type, date_trunc('day', requested_at, 'UTC');

-- Row-level security does not apply to materialized views. They live in a schema that only their
-- owner and the maintenance role can read, and views show each tenant its own rows.
CREATE SCHEMA portolan_private;

CREATE MATERIALIZED VIEW portolan_private.host_summary AS
SELECT h.tenant_id, h.id AS host_id, h.address AS ip_address, h.status, h.last_seen,
  count(p.port) FILTER (WHERE p.state = 'open') AS open_ports,
  max(p.checked_at) AS last_scanned
FROM hosts h
LEFT JOIN host_ports p ON p.host_id = h.id
GROUP BY h.tenant_id, h.id, h.address, h.status, h.last_seen;

CREATE UNIQUE INDEX host_summary_key ON portolan_private.host_summary (tenant_id, ip_address);

CREATE MATERIALIZED VIEW portolan_private.network_summary AS
SELECT h.tenant_id,
  network(set_masklen(h.address, CASE family(h.address) WHEN 4 THEN 24 ELSE 64 END)) AS network,
  count(*) AS hosts, count(*) FILTER (WHERE h.status = 'up') AS active_hosts,
  coalesce(sum(p.open_ports), 0)::bigint AS open_ports,
  max(h.last_seen) AS last_seen
FROM hosts h
LEFT JOIN (
  SELECT host_id, count(*) AS open_ports FROM host_ports WHERE state = 'open' GROUP BY host_id
) p ON p.host_id = h.id
GROUP BY 1, 2;

CREATE UNIQUE INDEX network_summary_key ON portolan_private.network_summary (tenant_id, network);

-- These run with their owner's rights, since nobody else may read the schema. The condition limits
-- them to the tenant.
CREATE VIEW host_summary WITH (security_barrier = true) AS
SELECT * FROM portolan_private.host_summary
WHERE tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid);

CREATE VIEW network_summary WITH (security_barrier = true) AS
SELECT * FROM portolan_private.network_summary
WHERE tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid);
