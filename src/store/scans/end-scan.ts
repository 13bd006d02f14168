import type { RunFinish } from '../../core/events.ts';
import { AppError } from '../../errors.ts';
import { recordAudit } from '../setup/audit.ts';
import { jobKey } from '../filter.ts';
import {
  getJob,
  type Job,
  scanObject,
  setJobStatus,
  type StatusChange,
  toJob,
  updateJob,
} from './jobs.ts';
import { identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import type { JobRecord } from '../tables.ts';
import { isAlive } from './process-identity.ts';

/** How a job ended. `partial`: completed, without having looked at everything. */
export interface JobEnd extends Pick<StatusChange, 'attempt' | 'error_message' | 'from'> {
  readonly status: RunFinish['status'];
}

/**
 * Ends a scan, and writes what it found in numbers into its row.
 *
 * @throws AppError NOT_FOUND, ILLEGAL_TRANSITION
 */
export async function finishJob(db: StoreDatabase, id: string, end: JobEnd): Promise<Job> {
  const { status, ...change } = end;
  await countFacts(db, id);
  return setJobStatus(db, id, status === 'partial' ? 'completed' : status, {
    ...change,
    is_partial: status !== 'completed',
  });
}

/**
 * Writes into a job's row what it has recorded, counted; beside that the sums of its units' own
 * counts, and what its scanner has counted itself.
 */
export async function countFacts(
  db: StoreDatabase,
  id: string,
  counted: Readonly<Record<string, number>> = {},
): Promise<void> {
  const count = (table: string, condition = sql`1 = 1`): Sql => sql`
    (SELECT CAST(count(*) AS INTEGER) FROM ${identifier(table)}
     WHERE job_id = ${jobKey(db, id)} AND ${condition})`;
  const [row] = await db.query<Record<string, number>>(sql`SELECT
    ${count('host_scans')} AS hosts,
    ${count('host_scans', sql`state = 'up'`)} AS hosts_up,
    ${count('port_scans')} AS ports,
    ${count('port_scans', sql`state = 'open'`)} AS ports_open,
    ${count('banner_scans')} AS banners,
    ${count('http_scans')} AS http_endpoints,
    ${count('tls_scans')} AS tls_handshakes,
    ${count('findings')} AS findings,
    ${count('script_results')} AS script_results,
    ${count('scan_errors')} AS errors`);
  const counts = { ...counted, ...(await unitCounts(db, id)), ...row };
  await updateJob(db, id, {
    counts: JSON.stringify(counts),
    host_count: row?.['hosts'] ?? 0,
    hosts_up: row?.['hosts_up'] ?? 0,
    ports_open: row?.['ports_open'] ?? 0,
    error_count: row?.['errors'] ?? 0,
    // A worker that is killed behind a unit has not yet told that it is done.
    hosts_done: sql`CASE WHEN is_detached = ${db.dialect.false} THEN hosts_done ELSE coalesce((
      SELECT sum(u.last - u.first + 1) FROM scan_units u
      WHERE u.job_id = ${jobKey(db, id)} AND u.status = 'completed'), 0) END`,
  });
}

async function unitCounts(db: StoreDatabase, id: string): Promise<Record<string, number>> {
  const rows = await db.query<{ name: string; total: number }>(sql`
    SELECT c.key AS name, sum(c.value) AS total
    FROM scan_units u CROSS JOIN ${db.dialect.jsonEach('u.counts')} AS c
    WHERE u.job_id = ${jobKey(db, id)} GROUP BY c.key`);
  return Object.fromEntries(rows.map(({ name: key, total }) => [key, total]));
}

/** How long a worker on another machine may be silent. */
const heartbeatTimeoutMs = 60_000;

/**
 * Marks as `crashed` the running scans whose process is gone: on this machine by its pid and time
 * of birth, on another by the age of its heartbeat. Their completed units stay; resuming does the
 * rest.
 *
 * @returns the scans that were marked by this call
 */
export async function markCrashedJobs(db: StoreDatabase, now = Date.now()): Promise<Job[]> {
  const marked: Job[] = [];
  for (const job of await findCrashedJobs(db, now)) {
    const error_message = job.is_detached
      ? 'its workers are gone'
      : `its process ${job.worker?.id ?? '(unknown)'} is gone`;
    const change = { attempt: job.attempts, error_message, is_partial: true };
    try {
      const crashed = await setJobStatus(db, job.id, 'crashed', change);
      // Its last heartbeat also told of what it never came to record.
      await countFacts(db, crashed.id);
      marked.push(await getJob(db, crashed.id));
    } catch (error) {
      // It ended, or somebody else marked it, between the two statements.
      if (!(error instanceof AppError && error.code === 'ILLEGAL_TRANSITION')) throw error;
    }
  }
  return marked;
}

/** The running scans whose process is gone, as {@link markCrashedJobs} would mark them. */
export async function findCrashedJobs(db: StoreDatabase, now = Date.now()): Promise<Job[]> {
  const rows = await db.query<JobRecord>(sql`
    SELECT j.* FROM scan_jobs j WHERE j.status = 'running' AND (j.is_detached = ${db.dialect.false}
      OR (EXISTS ${leases(sql`<`, db)} AND NOT EXISTS ${leases(sql`>=`, db)}))`);
  return rows.map((row) => toJob(db, row)).filter((job) => isCrashed(job, now));
}

/** Leases of a scan that workers make, by whether they ended so long ago that none lives. */
function leases(comparison: Sql, { dialect }: StoreDatabase): Sql {
  return sql`(SELECT 1 FROM scan_units u WHERE u.job_id = j.id AND u.status <> 'completed'
    AND u.status = 'leased' AND u.lease_until ${comparison} ${dialect.fromNow(-heartbeatTimeoutMs)})`;
}

function isCrashed(job: Job, now: number): boolean {
  if (job.is_detached) return true;
  const alive = job.worker ? isAlive(job.worker) : undefined;
  if (alive !== undefined) return !alive;
  return now - (job.heartbeat_at ?? 0) > heartbeatTimeoutMs;
}

/** Removes a scan with every fact of it; the inventory keeps what is known of hosts and ports. */
export async function removeJob(db: StoreDatabase, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { scan_type, status, args } = await getJob(tx, id);
    await tx.query(sql`DELETE FROM scan_jobs WHERE ${identifier(tx.dialect.uuidColumn)} = ${id}`);
    const before = { scan_type, status, args };
    await recordAudit(tx, { action: 'scan.remove', ...scanObject(id), before });
  });
}
