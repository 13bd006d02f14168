import type { JobState } from '../../core/job-states.ts';
import type { Unit } from '../../core/plan.ts';
import { jobKey, tenantKey } from '../filter.ts';
import { completedUnits } from './find-scan.ts';
import { type Job, toJob, updateJob } from './jobs.ts';
import { queueJob } from './queue-job.ts';
import { setJobStatus } from './job-status.ts';
import { join, identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase, UnitLease } from '../store.ts';
import type { JobRecord } from '../tables.ts';

/** A worker's question for work. */
export interface WorkRequest {
  /** Names the lease: a part of a worker that does one thing at a time. */
  readonly workerId: string;
  readonly scanTypes: readonly string[];
  readonly labels: readonly string[];
  /** How long the units are the worker's unless it says that it lives. */
  readonly leaseMs: number;
  /** How many units of this job to take. */
  readonly unitsOf: (job: Job) => number;
  /** The range of a unit of this job. */
  readonly unitAt: (job: Job, unit: number) => Unit;
}

/** Units of one job that a worker has taken. */
export interface Lease {
  readonly job: Job;
  readonly units: readonly Unit[];
  readonly lease: UnitLease;
  /** How many leases of this job are held now, this one among them. */
  readonly share: number;
}

/** The units of a job that lie open: handed back, left in the middle, or lost with their worker. */
export function openUnits({ dialect }: StoreDatabase): Sql {
  return sql`(u.status IN ('released', 'partial')
    OR (u.status = 'leased' AND u.lease_until < ${dialect.fromNow(0)}))`;
}

/** Scans of which there is something to take, the one that waits longest first. */
function takeable(db: StoreDatabase, kinds: Pick<WorkRequest, 'scanTypes' | 'labels'>): Sql {
  const { scanTypes, labels } = kinds;
  const now = db.dialect.fromNow(0);
  return sql`FROM scan_jobs j
    WHERE j.tenant_id = ${tenantKey(db)} AND j.is_detached = ${db.dialect.true}
      AND j.status IN ('pending', 'running') AND j.scan_type IN (${join(scanTypes)})
      AND (j.worker_label IS NULL
        ${labels.length === 0 ? sql`` : sql`OR j.worker_label IN (${join(labels)})`})
      AND ((j.status = 'pending' AND (j.run_at IS NULL OR j.run_at <= ${now}))
        OR (j.status = 'running' AND (j.next_unit < j.unit_count OR EXISTS (
          SELECT 1 FROM scan_units u
          WHERE u.job_id = j.id AND u.status <> 'completed' AND ${openUnits(db)}))))
    ORDER BY j.priority DESC, j.leased_at NULLS FIRST, j.requested_at LIMIT 1`;
}

/**
 * Takes units of the scan that waits longest, of those of the highest priority that the worker can
 * make: first those that lie open, then new ones. One transaction, so that two workers never take
 * the same unit; it leaves a ticket for the next worker.
 *
 * @returns undefined where there is nothing to do. A work without units is a scan of which nothing
 *   was left after all.
 */
export async function takeLease(
  db: StoreDatabase,
  request: WorkRequest,
): Promise<Lease | undefined> {
  if (db.dialect.hasOneWriter) {
    // Looking costs no lock: idle workers ask often.
    const [any] = await db.query(sql`SELECT 1 AS one ${takeable(db, request)}`);
    if (!any) return undefined;
  }
  return await db.transaction(async (inside) => {
    const [row] = await inside.query<JobRecord>(
      sql`SELECT j.* ${takeable(inside, request)} ${inside.dialect.lock.waiting}`,
    );
    if (!row) return undefined;
    const found = toJob(inside, row);
    const job = found.status === 'pending' ? await beginJob(inside, found, request) : found;
    if (job.status !== 'running') return undefined;
    const leased = await leaseUnits(inside, job, request);
    if (leased.length > 0) await queueJob(inside, { ...job, run_at: null });
    const units = leased
      .map(({ index, first, last }) => ({ index, first, last }))
      .sort((a, b) => a.index - b.index);
    const attempts = new Map(leased.map(({ index, attempt }) => [index, attempt]));
    const [held] = await inside.query<{ share: number }>(sql`
      SELECT count(DISTINCT u.worker_id) AS share FROM scan_units u
      WHERE u.job_id = ${jobKey(inside, job.id)} AND u.status = 'leased'
        AND u.status <> 'completed' AND u.lease_until >= ${inside.dialect.fromNow(0)}`);
    const share = Math.max(1, held?.share ?? 1);
    return { job, units, lease: { workerId: request.workerId, attempts }, share };
  });
}

/** Starts a scan for workers: its first unit is the first that no attempt before has completed. */
async function beginJob(db: StoreDatabase, job: Job, { workerId }: WorkRequest): Promise<Job> {
  const started = await setJobStatus(db, job.id, 'running', { workerId });
  const [done] = (await completedUnits(db, job.id)).ranges;
  const next = done?.[0] === 0 ? done[1] + 1 : 0;
  await updateJob(db, job.id, { next_unit: next });
  return { ...started, next_unit: next };
}

interface LeasedUnit extends Unit {
  readonly attempt: number;
}

async function leaseUnits(
  db: StoreDatabase,
  job: Job,
  request: WorkRequest,
): Promise<readonly LeasedUnit[]> {
  const wanted = Math.max(1, Math.min(job.batch_size, request.unitsOf(job)));
  const again = await leaseOpenUnits(db, job, { ...request, wanted });
  const fresh = await leaseNewUnits(db, job, { ...request, wanted: wanted - again.length });
  return [...again, ...fresh];
}

type UnitRequest = WorkRequest & { readonly wanted: number };

async function leaseOpenUnits(
  db: StoreDatabase,
  job: Job,
  { workerId, leaseMs, wanted }: UnitRequest,
): Promise<LeasedUnit[]> {
  const { fromNow, lock } = db.dialect;
  const id = jobKey(db, job.id);
  return await db.query<LeasedUnit>(sql`
    UPDATE scan_units SET status = 'leased', worker_id = ${workerId}, attempt = attempt + 1,
      lease_until = ${fromNow(leaseMs)}, started_at = ${fromNow(0)}
    WHERE job_id = ${id} AND unit IN (
      SELECT u.unit FROM scan_units u
      WHERE u.job_id = ${id} AND u.status <> 'completed' AND ${openUnits(db)}
      ORDER BY u.unit LIMIT ${wanted} ${lock.skipping})
    RETURNING unit AS "index", first, last, attempt`);
}

/** How many unit numbers are gone through at most at a time for those that have no row yet. */
const widestWindow = 10_000;

/** Leases units that have no row yet, and moves the job's mark behind them. */
async function leaseNewUnits(
  db: StoreDatabase,
  job: Job,
  { workerId, leaseMs, wanted, unitAt }: UnitRequest,
): Promise<LeasedUnit[]> {
  const { fromNow, unitTenant } = db.dialect;
  const tenant = unitTenant(db.tenantId);
  const count = job.unit_count ?? 0;
  const leased: LeasedUnit[] = [];
  let next = job.next_unit;
  let window = wanted;
  while (leased.length < wanted && next < count) {
    const last = Math.min(count, next + window) - 1;
    // Many are done already where an earlier attempt has left gaps.
    window = Math.min(window * 4, widestWindow);
    const size = { ...unitAt(job, 0), end: unitAt(job, count - 1).last };
    const hosts = size.last - size.first + 1;
    const left = wanted - leased.length;
    const found = await db.query<LeasedUnit>(sql`
        WITH RECURSIVE numbers (unit) AS (
          SELECT CAST(${next} AS BIGINT) UNION ALL
          SELECT unit + 1 FROM numbers WHERE unit < ${last}
        )
        INSERT INTO scan_units (${tenant.column} job_id, unit, first, last, status, attempt,
          worker_id, lease_until, started_at)
        SELECT ${tenant.value} ${jobKey(db, job.id)}, unit,
          CAST(${size.first} AS BIGINT) + unit * CAST(${hosts} AS BIGINT),
          CASE WHEN unit = CAST(${count - 1} AS BIGINT) THEN CAST(${size.end} AS BIGINT)
            ELSE CAST(${size.first} AS BIGINT) + (unit + 1) * CAST(${hosts} AS BIGINT) - 1 END,
          'leased', 1, ${workerId}, ${fromNow(leaseMs)}, ${fromNow(0)}
        FROM numbers WHERE NOT EXISTS (
          SELECT 1 FROM scan_units u WHERE u.job_id = ${jobKey(db, job.id)} AND u.unit = numbers.unit
            AND u.unit BETWEEN ${next} AND ${last})
        ORDER BY unit LIMIT ${left}
        RETURNING unit AS "index", first, last, attempt`);
    leased.push(...found);
    // With as many as were wanted, the window may not be at its end.
    next = found.length < left ? last + 1 : Math.max(...found.map(({ index }) => index)) + 1;
  }
  await updateJob(db, job.id, { next_unit: next, leased_at: fromNow(0) });
  return leased;
}

/** What a worker tells of a job that it works on: by how much its counts have grown. */
export interface Growth {
  readonly hosts_done: number;
  readonly hosts_up: number;
  readonly ports_open: number;
}

/**
 * Says that a worker lives and how far it is.
 *
 * @returns the job's state; undefined where it is gone
 */
export async function heartbeatGrowth(
  db: StoreDatabase,
  id: string,
  grown: Growth,
): Promise<Pick<Job, 'status' | 'timeout_at'> | undefined> {
  const [row] = await db.query<{ status: JobState; timeout_at: number | null }>(sql`
    UPDATE scan_jobs SET heartbeat_at = ${db.dialect.fromNow(0)},
      hosts_done = hosts_done + ${grown.hosts_done}, hosts_up = hosts_up + ${grown.hosts_up},
      ports_open = ports_open + ${grown.ports_open}
    WHERE ${identifier(db.dialect.uuidColumn)} = ${id} RETURNING status, timeout_at`);
  return row;
}

/** @returns how many of its units a worker still has, all of them for as long again */
export async function renewLease(
  db: StoreDatabase,
  id: string,
  { workerId }: UnitLease,
  leaseMs: number,
): Promise<number> {
  const rows = await db.query(sql`
    UPDATE scan_units SET lease_until = ${db.dialect.fromNow(leaseMs)}
    WHERE job_id = ${jobKey(db, id)} AND status <> 'completed'
      AND status = 'leased' AND worker_id = ${workerId}
    RETURNING unit`);
  return rows.length;
}

/** Hands back the units that a worker has not worked on, and calls another worker for them. */
export async function releaseLease(
  db: StoreDatabase,
  job: Job,
  { workerId }: UnitLease,
): Promise<void> {
  await db.transaction(async (inside) => {
    const rows = await inside.query(sql`
      UPDATE scan_units SET status = 'released', worker_id = NULL, lease_until = NULL
      WHERE job_id = ${jobKey(inside, job.id)} AND status <> 'completed'
      AND status = 'leased' AND worker_id = ${workerId}
      RETURNING unit`);
    if (rows.length > 0) await queueJob(inside, { ...job, run_at: null });
  });
}

/**
 * Whether every unit of a scan is completed. Nothing lies open then; that none was left out is
 * counted, since a scan that ends too soon would call what it never saw closed.
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
