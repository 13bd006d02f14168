import { portRuns, type PortSet } from '../../core/ports.ts';
import { type Transport, transports } from '../../core/states.ts';
import type { MergeSyntax } from './merge-syntax.ts';

/**
 * Marks the ports in `covered_ports` that must be closed on the hosts in `covered_hosts`. The first
 * parameter is the scan's key.
 *
 * A covered port without a row in this scan has the state of the host's unlisted ports. That is
 * known only if rows and counts (not_shown) together account for every covered port of the
 * transport. A host that was abandoned midway closes nothing.
 */
export function closePorts({ elements, parameter }: MergeSyntax): string {
  const job = parameter(1);
  return `
  WITH covered AS (SELECT transport, sum(last - first + 1) AS size
    FROM covered_ports GROUP BY transport),
  unlisted AS (
    SELECT s.host_id, s.t, n.value ->> 'transport' AS transport,
      sum(CAST(n.value ->> 'count' AS bigint)) AS count,
      CASE WHEN count(DISTINCT n.value ->> 'state') = 1 THEN min(n.value ->> 'state')
        ELSE 'closed|filtered' END AS state
    FROM (SELECT DISTINCT host_id FROM covered_hosts) c
    JOIN host_scans s ON s.job_id = ${job} AND s.host_id = c.host_id AND s.state = 'up'
    CROSS JOIN ${elements}(s.not_shown) n
    GROUP BY s.host_id, s.t, n.value ->> 'transport'
  ),
  answered AS (
    SELECT u.host_id, u.t, u.transport, u.state FROM unlisted u
    JOIN covered ON covered.transport = u.transport
    WHERE u.count + (SELECT count(*) FROM port_scans p WHERE p.job_id = ${job}
      AND p.host_id = u.host_id AND p.transport = u.transport) >= covered.size
  )
  UPDATE host_ports SET state = answered.state, reason = NULL, checked_at = answered.t,
    last_changed = CASE WHEN host_ports.state = answered.state THEN host_ports.last_changed
      ELSE answered.t END,
    last_job_id = ${job}
  FROM answered
  WHERE host_ports.host_id = answered.host_id AND host_ports.transport = answered.transport
    AND host_ports.checked_at <= answered.t
    AND EXISTS (SELECT 1 FROM covered_ports c WHERE c.transport = host_ports.transport
      AND host_ports.port BETWEEN c.first AND c.last)
    AND NOT EXISTS (SELECT 1 FROM port_scans p WHERE p.job_id = ${job}
      AND p.host_id = host_ports.host_id AND p.transport = host_ports.transport
      AND p.port = host_ports.port)`;
}

/** The rows of `covered_ports`: a port set as ranges. */
export function* coveredRanges(ports: PortSet): Generator<[Transport, number, number]> {
  for (const transport of transports) {
    for (const { first, last } of portRuns(ports[transport])) yield [transport, first, last];
  }
}
