-- Which certificates have expired, or will within 30 days, and who presents them?
SELECT make_timestamp(c.not_after_ms * 1000) AS expires, c.subject, c.issuer,
  string_agg(DISTINCT split_part(t.port_id, '/', 2) || ':' || split_part(t.port_id, '/', 4), ', ')
    AS presented_by
FROM certificates c
JOIN tls_handshakes t ON t.certificate_sha256 = c.sha256
WHERE c.not_after_ms < epoch_ms(now()) + CAST(30 AS BIGINT) * 86400000
GROUP BY ALL
ORDER BY expires;
