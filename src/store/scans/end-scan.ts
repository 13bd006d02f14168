import type { RunFinish } from '../../core/events.ts';
import { facts as everyFact } from '../facts/facts.ts';
import { recordAudit } from '../setup/audit.ts';
import { jobKey } from '../filter.ts';
import { getJob, type Job, updateJob } from './jobs.ts';
import { scanObject, setJobStatus, type StatusChange } from './job-status.ts';
import { identifier, join, type Sql, sql } from '../sql.ts';
import { completedUnits } from './find-scan.ts';
import type { StoreDatabase } from '../store.ts';

/** How a job ended. `partial`: completed without covering everything. */
export interface JobEnd extends Pick<StatusChange, 'attempt' | 'error_message' | 'from'> {
  readonly status: RunFinish['status'];
}

/**
 * Ends a scan and stores its result counts in its row.
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
 * Stores in a job's row the counts of what it recorded, the sums of its units' counts, and the
 * scanner's own counts.
 */
export async function countFacts(
  db: StoreDatabase,
  id: string,
  counted: Readonly<Record<string, number>> = {},
  facts = everyFact,
): Promise<void> {
  const count = (table: string, condition = sql`1 = 1`): Sql => sql`
    (SELECT CAST(count(*) AS INTEGER) FROM ${identifier(table)}
     WHERE job_id = ${jobKey(db, id)} AND ${condition})`;
  const ofFacts = facts.flatMap((fact) =>
    fact.count === undefined ? [] : sql`${count(fact.table)} AS ${identifier(fact.count)}`,
  );
  const [row] = await db.query<Record<string, number>>(sql`SELECT
    ${count('host_scans')} AS hosts,
    ${count('host_scans', sql`state = 'up'`)} AS hosts_up,
    ${count('port_scans')} AS ports,
    ${count('port_scans', sql`state = 'open'`)} AS ports_open,
    ${join(ofFacts)}`);
  const counts = { ...counted, ...(await unitCounts(db, id)), ...row };
  await updateJob(db, id, {
    counts: JSON.stringify(counts),
    host_count: row?.['hosts'] ?? 0,
    hosts_up: row?.['hosts_up'] ?? 0,
    ports_open: row?.['ports_open'] ?? 0,
    error_count: row?.['errors'] ?? 0,
    // A worker that is killed right after a unit has not counted it yet.
    hosts_done: sql`CASE WHEN is_detached = ${db.dialect.false} THEN hosts_done ELSE coalesce((
      SELECT sum(u.last - u.first + 1) FROM scan_units u
      WHERE u.job_id = ${jobKey(db, id)} AND u.status = 'completed'), 0) END`,
  });
}

export async function unitCounts(
  db: StoreDatabase,
  id: string,
  condition: Sql = sql`1 = 1`,
): Promise<Readonly<Record<string, number>>> {
  const rows = await db.query<{ name: string; total: number }>(sql`
    SELECT c.key AS name, sum(c.value) AS total
    FROM scan_units u CROSS JOIN ${db.dialect.jsonEach('u.counts')} AS c
    WHERE u.job_id = ${jobKey(db, id)} AND ${condition} GROUP BY c.key`);
  return Object.fromEntries(rows.map(({ name: key, total }) => [key, total]));
}

/**
 * Whether every unit of a scan is completed. It also counts them, because a scan that ends with a
 * unit missing would mark ports closed that it never probed.
 */
export async function isJobDone(db: StoreDatabase, id: string): Promise<boolean> {
  const [row] = await db.query<{ unit_count: number; is_taken: number | boolean }>(sql`
    SELECT j.unit_count, j.next_unit >= j.unit_count AND NOT EXISTS (
      SELECT 1 FROM scan_units u WHERE u.job_id = j.id AND u.status <> 'completed') AS is_taken
    FROM scan_jobs j WHERE ${identifier(`j.${db.dialect.uuidColumn}`)} = ${id}`);
  if (!row?.is_taken) return false;
  const { ranges, size } = await completedUnits(db, id);
  if (size >= row.unit_count) return true;
  const [first] = ranges;
  await updateJob(db, id, { next_unit: first?.[0] === 0 ? first[1] + 1 : 0 });
  return false;
}

/** Removes a scan with all its facts. The inventory keeps its hosts and ports. */
export async function removeJob(db: StoreDatabase, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { scan_type, status, args } = await getJob(tx, id);
    await tx.query(sql`DELETE FROM scan_jobs WHERE ${identifier(tx.dialect.uuidColumn)} = ${id}`);
    const before = { scan_type, status, args };
    await recordAudit(tx, { action: 'scan.remove', ...scanObject(id), before });
  });
}
