-- Which hosts have the most open ports?
-- For a host that is down, counts the ports that were open when it was last up.
SELECT p.address, any_value(p.hostname) AS hostname, any_value(h.status) AS status,
  count(*) AS open_ports, string_agg(DISTINCT p.service_name, ', ' ORDER BY p.service_name) AS services
FROM inventory_ports p
JOIN inventory_hosts h USING (address)
WHERE p.state = 'open'
GROUP BY p.address
ORDER BY open_ports DESC, p.address
LIMIT 50;
