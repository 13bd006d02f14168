-- Which TLS versions do ports use?
-- Counts the newest handshake with a known version of each port and server name.
WITH newest AS (
  SELECT version, cipher, split_part(port_id, '/', 2) AS address
  FROM tls_handshakes
  WHERE version IS NOT NULL
  QUALIFY row_number() OVER (
    PARTITION BY address, split_part(port_id, '/', 4), server_name ORDER BY collected_ms DESC) = 1
)
SELECT version, cipher, count(*) AS handshakes, count(DISTINCT address) AS addresses
FROM newest
GROUP BY version, cipher
ORDER BY version, handshakes DESC;
