-- Which hosts have the most open ports?
SELECT address, any_value(hostname) AS hostname, count(*) AS open_ports,
  string_agg(DISTINCT service_name, ', ' ORDER BY service_name) AS services
FROM inventory_ports
WHERE state = 'open'
GROUP BY address
ORDER BY open_ports DESC, address
LIMIT 50;
