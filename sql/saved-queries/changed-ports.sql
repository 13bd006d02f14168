-- Which ports are no longer open, and since when?
-- Ports that one scan saw open and a later one saw in another state.
WITH opened AS (
  SELECT split_part(host_id, '/', 2) AS address, transport, port, max(last_seen_ms) AS last_open_ms
  FROM ports
  WHERE state = 'open'
  GROUP BY ALL
)
SELECT i.address, i.transport, i.port, i.state, i.service_name, i.product,
  make_timestamp(o.last_open_ms * 1000) AS last_open,
  make_timestamp(i.changed_ms * 1000) AS changed
FROM inventory_ports i
JOIN opened o USING (address, transport, port)
WHERE i.state NOT IN ('open', 'open|filtered')
ORDER BY i.changed_ms DESC, i.address, i.port
LIMIT 100;
