-- Which technologies do web pages use?
-- Counts each page once, from its newest scan.
WITH newest AS (
  SELECT tech_tags_json
  FROM http_endpoints
  QUALIFY row_number() OVER (
    PARTITION BY split_part(port_id, '/', 2), split_part(port_id, '/', 4), scheme, authority, path
    ORDER BY collected_ms DESC) = 1
)
SELECT tag AS technology, count(*) AS pages
FROM (SELECT unnest(CAST(tech_tags_json AS VARCHAR[])) AS tag FROM newest)
GROUP BY tag
ORDER BY pages DESC, tag;
