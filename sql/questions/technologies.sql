-- Which technologies do web pages show?
SELECT tag AS technology, count(*) AS pages
FROM (SELECT unnest(CAST(tech_tags_json AS VARCHAR[])) AS tag FROM http_endpoints)
GROUP BY tag
ORDER BY pages DESC, tag;
