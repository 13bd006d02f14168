-- Which open ports were seen for the first time in the last 7 days?
-- Counted back from the newest observation, so that it works on an old store too.
SELECT address, transport, port, service_name, product, version,
  make_timestamp(first_seen_ms * 1000) AS first_seen
FROM inventory_ports
WHERE state = 'open'
  AND first_seen_ms >= (SELECT max(checked_ms) FROM inventory_ports) - 7 * 86400000
ORDER BY first_seen_ms DESC, address, port;
