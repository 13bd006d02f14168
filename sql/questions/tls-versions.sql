-- Which versions of TLS do ports speak?
SELECT version, cipher, count(*) AS handshakes,
  count(DISTINCT split_part(port_id, '/', 2)) AS addresses
FROM tls_handshakes
GROUP BY version, cipher
ORDER BY version, handshakes DESC;
