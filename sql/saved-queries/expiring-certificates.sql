-- Which certificates have expired, or will within 30 days, and who presents them?
-- Only the newest handshake of each port and server name counts.
WITH newest AS (
  SELECT certificate_sha256, split_part(port_id, '/', 2) AS address,
    split_part(port_id, '/', 4) AS port
  FROM tls_handshakes
  QUALIFY row_number() OVER (
    PARTITION BY address, split_part(port_id, '/', 3), port, server_name
    ORDER BY collected_ms DESC) = 1
)
SELECT make_timestamp(c.not_after_ms * 1000) AS expires, c.subject, c.issuer,
  string_agg(DISTINCT n.address || ':' || n.port, ', ') AS presented_by
FROM certificates c
JOIN newest n ON n.certificate_sha256 = c.sha256
WHERE c.not_after_ms < epoch_ms(now()) + CAST(30 AS BIGINT) * 86400000
GROUP BY ALL
ORDER BY expires;
