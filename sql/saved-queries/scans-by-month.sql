-- How many scans were there each month, and what did they see?
SELECT strftime(make_timestamp(r.started_at * 1000), '%Y-%m') AS month, count(*) AS scans,
  sum(r.host_count) AS hosts_seen, sum(p.open) AS open_ports_seen
FROM runs r
LEFT JOIN (
  SELECT split_part(host_id, '/', 1) AS run_id, count(*) AS open
  FROM ports WHERE state = 'open' GROUP BY 1
) p USING (run_id)
GROUP BY month
ORDER BY month;
