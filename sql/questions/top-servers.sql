-- Which web servers are there most?
-- The Server header of pages that answered well, on how many hosts each.
SELECT server_header, count(*) AS pages, count(DISTINCT split_part(port_id, '/', 2)) AS addresses
FROM http_endpoints
WHERE status BETWEEN 200 AND 399
GROUP BY server_header
ORDER BY pages DESC, server_header
LIMIT 20;
