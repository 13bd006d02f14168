-- Which versions of which products run, and where are they behind?
SELECT product, version, count(*) AS ports, min(address) AS for_example
FROM inventory_ports
WHERE state = 'open' AND product IS NOT NULL
GROUP BY product, version
ORDER BY product, ports DESC;
