-- Which pages on different hosts show the same icon?
-- The same icon often means the same software, or the same owner.
SELECT favicon_hash, count(DISTINCT split_part(port_id, '/', 2)) AS addresses,
  string_agg(DISTINCT scheme || '://' || authority, ', ') AS pages
FROM http_endpoints
WHERE favicon_hash IS NOT NULL
GROUP BY favicon_hash
HAVING count(DISTINCT split_part(port_id, '/', 2)) > 1
ORDER BY addresses DESC;
