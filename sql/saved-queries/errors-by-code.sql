-- Which errors are most common?
SELECT code, count(*) AS times, count(DISTINCT run_id) AS scans, any_value(message) AS for_example
FROM errors
GROUP BY code
ORDER BY times DESC, code;
