-- Which product versions run, and where are they outdated?
SELECT product, version, count(*) AS ports, min(address) AS for_example
FROM inventory_ports
WHERE state = 'open' AND product IS NOT NULL
GROUP BY product, version
ORDER BY product, ports DESC;
