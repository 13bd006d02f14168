-- Which services run on at most three hosts?
-- A rare service is either important or forgotten.
SELECT service_name, string_agg(DISTINCT product, ', ') AS products,
  count(DISTINCT address) AS hosts, string_agg(DISTINCT address || ':' || port, ', ') AS places
FROM inventory_ports
WHERE state = 'open' AND service_name IS NOT NULL
GROUP BY service_name
HAVING count(DISTINCT address) <= 3
ORDER BY hosts, service_name;
