-- Views for dashboards, and for any program that reads SQLite.

-- The V1 data set. LEFT JOIN, so that a query that selects no id joins nothing.
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

-- For dashboards: hosts that answer, and the open ports of each host.
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
