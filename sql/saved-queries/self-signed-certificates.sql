-- Which certificates are self-signed?
SELECT c.subject, c.key_type, c.key_bits, make_timestamp(c.not_after_ms * 1000) AS expires,
  count(DISTINCT split_part(t.port_id, '/', 2)) AS addresses
FROM certificates c
JOIN tls_handshakes t ON t.certificate_sha256 = c.sha256
WHERE c.is_self_signed = 1
GROUP BY ALL
ORDER BY addresses DESC, c.subject;
