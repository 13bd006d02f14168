-- Which web servers are most common?
-- Counts the Server header of pages with a successful response, each page once, from its newest
-- scan.
WITH newest AS (
  SELECT server_header, status, split_part(port_id, '/', 2) AS address
  FROM http_endpoints
  QUALIFY row_number() OVER (
    PARTITION BY address, split_part(port_id, '/', 4), scheme, authority, path
    ORDER BY collected_ms DESC) = 1
)
SELECT server_header, count(*) AS pages, count(DISTINCT address) AS addresses
FROM newest
WHERE status BETWEEN 200 AND 399 AND server_header IS NOT NULL
GROUP BY server_header
ORDER BY pages DESC, server_header
LIMIT 20;
