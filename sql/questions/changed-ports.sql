-- Which ports are no longer open, and since when?
SELECT address, transport, port, state, service_name, product,
  make_timestamp(last_seen_ms * 1000) AS last_open,
  make_timestamp(changed_ms * 1000) AS changed
FROM inventory_ports
WHERE state <> 'open' AND changed_ms > first_seen_ms
ORDER BY changed_ms DESC, address, port
LIMIT 100;
