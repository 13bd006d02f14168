-- Which ports are open most often?
SELECT transport, port, mode(service_name) AS usual_service, count(*) AS hosts
FROM inventory_ports
WHERE state = 'open'
GROUP BY transport, port
ORDER BY hosts DESC, transport, port
LIMIT 50;
