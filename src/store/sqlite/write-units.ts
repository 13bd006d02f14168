import { addressKey, parseAddress } from '../../core/address.ts';
import type { RunUnit } from '../../core/events.ts';
import { portRuns, type PortSet } from '../../core/ports.ts';
import type { UnitCoverage } from '../scans/coverage.ts';
import type { DatabaseSync } from '../../database/driver.ts';
import type { Statements } from './statements.ts';
import type { JobKey } from './write-hosts.ts';

/** Temporary tables of a connection: the hosts of one unit, the ports of one job as ranges. */
const coverageTables = `
  CREATE TEMP TABLE covered_hosts (host_id INTEGER PRIMARY KEY);
  CREATE TEMP TABLE covered_ports (transport TEXT, first INTEGER, last INTEGER,
    PRIMARY KEY (transport, first)) WITHOUT ROWID`;

const coverHost = `
  INSERT OR IGNORE INTO covered_hosts SELECT id FROM hosts WHERE tenant_id = ? AND address_key = ?`;

const coverListed = `
  INSERT OR IGNORE INTO covered_hosts SELECT host_id FROM host_scans WHERE job_id = ?`;

/** Known, asked, and no answer. The time is that of the unit's start: nothing newer is undone. */
const markDown = `
  UPDATE hosts SET status = 'down', checked_at = :t, last_job_id = :job
  WHERE id IN (SELECT host_id FROM covered_hosts) AND checked_at <= :t
    AND NOT EXISTS (SELECT 1 FROM host_scans s WHERE s.job_id = :job AND s.host_id = hosts.id)`;

/**
 * A port that was covered and is no row of this job is in the state that the host's unlisted ports
 * are in. That is known only where the job accounts for every covered port of the transport: rows
 * and counts (not_shown) together. A host that was given up midway closes nothing.
 */
const closePorts = `
  WITH covered AS (SELECT transport, sum(last - first + 1) AS size
    FROM covered_ports GROUP BY transport),
  unlisted AS (
    SELECT s.host_id, s.t, n.value ->> 'transport' AS transport, sum(n.value ->> 'count') AS count,
      CASE WHEN count(DISTINCT n.value ->> 'state') = 1 THEN min(n.value ->> 'state')
        ELSE 'closed|filtered' END AS state
    FROM covered_hosts c
    JOIN host_scans s ON s.job_id = :job AND s.host_id = c.host_id AND s.state = 'up'
    JOIN json_each(s.not_shown) n
    GROUP BY s.host_id, n.value ->> 'transport'
  ),
  answered AS (
    SELECT u.host_id, u.t, u.transport, u.state FROM unlisted u
    JOIN covered ON covered.transport = u.transport
    WHERE u.count + (SELECT count(*) FROM port_scans p WHERE p.job_id = :job
      AND p.host_id = u.host_id AND p.transport = u.transport) >= covered.size
  )
  UPDATE host_ports SET state = answered.state, reason = NULL, checked_at = answered.t,
    last_changed = CASE WHEN host_ports.state = answered.state THEN last_changed
      ELSE answered.t END,
    last_job_id = :job
  FROM answered
  WHERE host_ports.host_id = answered.host_id AND host_ports.transport = answered.transport
    AND host_ports.checked_at <= answered.t
    AND EXISTS (SELECT 1 FROM covered_ports c WHERE c.transport = host_ports.transport
      AND host_ports.port BETWEEN c.first AND c.last)
    AND NOT EXISTS (SELECT 1 FROM port_scans p WHERE p.job_id = :job
      AND p.host_id = host_ports.host_id AND p.transport = host_ports.transport
      AND p.port = host_ports.port)`;

/**
 * Whether the hosts have a port that this job has not seen itself: what it has seen has a reason,
 * what was concluded has none. In a new inventory there is none, and nothing to close.
 */
const hasOthers = `
  SELECT 1 FROM covered_hosts c JOIN host_ports p ON p.host_id = c.host_id
  WHERE p.last_job_id <> ? OR p.reason IS NULL LIMIT 1`;

/** Concludes, from what completed units have looked at, which hosts are down and ports closed. */
export interface CoverageWriter {
  write(job: JobKey, unit: RunUnit, coverage: UnitCoverage): void;
  /** After a rollback, which took back what the temporary tables held. */
  forget(): void;
}

/** Makes the temporary tables: not to be called in a transaction, whose end might undo them. */
export function coverageWriter(db: DatabaseSync, prepare: Statements): CoverageWriter {
  db.exec(coverageTables);
  let loaded: PortSet | undefined;
  return {
    write(job, unit, { addresses, ports }) {
      if (coverHosts(prepare, job, addresses) === 0) return;
      if (loaded !== ports) loadPorts(prepare, ports);
      loaded = ports;
      prepare(markDown).run({ job: job.id, t: unit.t_start });
      if (prepare(hasOthers).get(job.id)) prepare(closePorts).run({ job: job.id });
    },
    forget() {
      loaded = undefined;
    },
  };
}

/** Notes which of the addresses are known hosts. */
function coverHosts(
  prepare: Statements,
  job: JobKey,
  addresses: UnitCoverage['addresses'],
): number {
  prepare('DELETE FROM covered_hosts').run();
  if (addresses === 'listed') return Number(prepare(coverListed).run(job.id).changes);
  const cover = prepare(coverHost);
  let count = 0;
  for (const address of addresses) {
    count += Number(cover.run(job.tenantId, addressKey(parseAddress(address))).changes);
  }
  return count;
}

function loadPorts(prepare: Statements, ports: PortSet): void {
  prepare('DELETE FROM covered_ports').run();
  const insert = prepare('INSERT INTO covered_ports VALUES (?, ?, ?)');
  for (const transport of ['tcp', 'udp'] as const) {
    for (const { first, last } of portRuns(ports[transport])) insert.run(transport, first, last);
  }
}
