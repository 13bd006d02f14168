import { addressKey, parseAddress } from '../../core/address.ts';
import type { RunUnit } from '../../core/events.ts';
import type { PortSet } from '../../core/ports.ts';
import { closePorts, coveredRanges } from '../facts/close-ports.ts';
import { isUnanswered } from '../facts/host-down.ts';
import type { UnitCoverage } from '../scans/coverage.ts';
import type { DatabaseSync } from '../../database/driver.ts';
import { sqliteWords } from './merge-syntax.ts';
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

const markDown = `
  UPDATE hosts SET status = 'down', checked_at = ?2, last_job_id = ?1
  WHERE id IN (SELECT host_id FROM covered_hosts) AND checked_at <= ?2
    AND ${isUnanswered('hosts.id', '?1')}`;

const closeCoveredPorts = closePorts(sqliteWords);

/**
 * Whether the hosts have a port that this job did not observe: observed ports have a reason,
 * concluded ones do not. A new inventory has none, so there is nothing to close.
 */
const hasOthers = `
  SELECT 1 FROM covered_hosts c JOIN host_ports p ON p.host_id = c.host_id
  WHERE p.last_job_id <> ? OR p.reason IS NULL LIMIT 1`;

/** Concludes from completed units' coverage which hosts are down and which ports closed. */
export interface CoverageWriter {
  write(job: JobKey, unit: RunUnit, coverage: UnitCoverage): void;
  /** Call after a rollback, which reverts the temporary tables. */
  forget(): void;
}

/** Creates the temporary tables, outside a transaction, because a rollback would drop them. */
export function coverageWriter(db: DatabaseSync, prepare: Statements): CoverageWriter {
  db.exec(coverageTables);
  let loaded: PortSet | undefined;
  return {
    write(job, unit, { addresses, ports }) {
      if (coverHosts(prepare, job, addresses) === 0) return;
      if (loaded !== ports) loadPorts(prepare, ports);
      loaded = ports;
      prepare(markDown).run(job.id, unit.t_start);
      if (prepare(hasOthers).get(job.id)) prepare(closeCoveredPorts).run(job.id);
    },
    forget() {
      loaded = undefined;
    },
  };
}

/** Stores which of the addresses are known hosts. */
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
  for (const range of coveredRanges(ports)) insert.run(...range);
}
