import type { Unit } from '../../core/plan.ts';
import { jobKey, tenantKey } from '../filter.ts';
import { identifier, join, type Sql, sql } from '../sql.ts';
import type { StoreDatabase, UnitLease } from '../store.ts';
import { unitCounts } from './end-scan.ts';
import { completedUnits } from './find-scan.ts';
import { setJobStatus, startJob } from './job-status.ts';
import { type Job, type JobRecord, toJob, updateJob } from './jobs.ts';
import { leaseUnits, openUnits, type UnitRequest } from './pick-units.ts';
import type { Worker } from './process-identity.ts';
import { queueJob } from './queue-job.ts';

/** A worker's request for work. */
export interface WorkRequest extends Pick<UnitRequest, 'workerId'> {
  readonly scanTypes: readonly string[];
  readonly labels: readonly string[];
  /** How long a silent worker keeps the units. */
  readonly leaseMs: number;
  /** The number of units of this scan to take. */
  readonly unitsOf: (job: Job) => number;
  /** A unit of this scan by its index. */
  readonly unitAt: (job: Job, index: number) => Unit;
}

/** Units of one scan that a worker holds. */
export interface Lease extends UnitLease {
  readonly job: Job;
  readonly units: readonly Unit[];
  /** Lease numbers that are not yet recorded, by unit. */
  readonly attempts: Map<number, number>;
  /** The number of workers with units of this scan, including this one. */
  readonly holders: number;
}

/** Scans with units to take, longest waiting first. */
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
 * Takes units of the longest waiting queued scan of the highest priority that the worker can run.
 * It is one transaction, so that two workers never take the same unit, and it queues a message for
 * the next worker.
 *
 * @returns undefined if there is nothing to do. A lease without units belongs to a scan that
 *   turned out to have none left.
 */
export async function takeLease(
  db: StoreDatabase,
  request: WorkRequest,
): Promise<Lease | undefined> {
  if (db.dialect.hasOneWriter) {
    // Checks without a lock first, because idle workers ask often.
    const [any] = await db.query(sql`SELECT 1 AS one ${takeable(db, request)}`);
    if (!any) return undefined;
  }
  return await db.transaction(async (inside) => {
    const [row] = await inside.query<JobRecord>(
      sql`SELECT j.* ${takeable(inside, request)} ${inside.dialect.lock.waiting}`,
    );
    if (!row) return undefined;
    const found = toJob(inside, row);
    const { workerId, leaseMs } = request;
    const unitAt = (index: number): Unit => request.unitAt(found, index);
    const job =
      found.status === 'pending'
        ? await beginUnits(inside, {
            before: found,
            job: await setJobStatus(inside, found.id, 'running', { workerId }),
            unitAt,
          })
        : found;
    if (job.status !== 'running') return undefined;
    const wanted = Math.max(1, Math.min(job.batch_size, request.unitsOf(job)));
    const leased = await leaseUnits(inside, job, { workerId, leaseMs, wanted, unitAt });
    if (leased.length > 0) await queueJob(inside, { ...job, run_at: null });
    const [held] = await inside.query<{ holders: number }>(sql`
      SELECT count(DISTINCT u.worker_id) AS holders FROM scan_units u
      WHERE u.job_id = ${jobKey(inside, job.id)} AND u.status = 'leased'
        AND u.status <> 'completed' AND u.lease_until >= ${inside.dialect.fromNow(0)}`);
    const attempts = new Map(leased.map(({ index, attempt }) => [index, attempt]));
    const holders = Math.max(1, held?.holders ?? 1);
    return { job, workerId, units: leased.map(unitOf), attempts, holders };
  });
}

function unitOf({ index, first, last }: Unit): Unit {
  return { index, first, last };
}

/**
 * Starts a scan in this process and leases its first units, without a time limit: the process is
 * watched, not its leases.
 *
 * @param before the scan as it was read
 * @throws AppError ILLEGAL_TRANSITION if it can no longer be started
 */
export async function startScan(
  db: StoreDatabase,
  before: Job,
  { worker, ...request }: Omit<UnitRequest, 'leaseMs'> & { readonly worker: Worker },
): Promise<Lease> {
  return await db.transaction(async (inside) => {
    const started = await startJob(inside, before.id, worker);
    const { unitAt, workerId } = request;
    const job = await beginUnits(inside, { before, job: started, unitAt });
    const leased = await leaseUnits(inside, job, { ...request, leaseMs: undefined });
    const attempts = new Map(leased.map(({ index, attempt }) => [index, attempt]));
    return { job, workerId, units: leased.map(unitOf), attempts, holders: 1 };
  });
}

/**
 * Leases more units of a scan to the process that runs it.
 *
 * @returns the units; none if the scan was ended, paused, left to workers or taken by another
 *   attempt
 */
export async function extendLease(
  db: StoreDatabase,
  { job: { id, attempts: attempt }, attempts }: Lease,
  request: Omit<UnitRequest, 'leaseMs'>,
): Promise<readonly Unit[]> {
  const leased = await db.transaction(async (inside) => {
    const [row] = await inside.query<JobRecord>(sql`
      SELECT j.* FROM scan_jobs j
      WHERE ${identifier(`j.${inside.dialect.uuidColumn}`)} = ${id}
        AND j.status = 'running' AND j.attempts = ${attempt}
        AND j.is_detached = ${inside.dialect.false} ${inside.dialect.lock.waiting}`);
    if (!row) return [];
    return await leaseUnits(inside, toJob(inside, row), { ...request, leaseMs: undefined });
  });
  for (const unit of leased) attempts.set(unit.index, unit.attempt);
  return leased.map(unitOf);
}

/**
 * Prepares a scan's units for another attempt: voids the leases of earlier ones and finds the first
 * unit that none of them completed.
 */
async function beginUnits(
  db: StoreDatabase,
  { before, job, unitAt }: { before: Job; job: Job; unitAt: UnitRequest['unitAt'] },
): Promise<Job> {
  // A scan that never ran has nothing to find.
  if (before.attempts === 0 && job.attempts === 1 && job.next_unit === 0) return job;
  await releaseUnits(db, job.id);
  const { ranges } = await completedUnits(db, job.id);
  const [first] = ranges;
  const next_unit = first?.[0] === 0 ? first[1] + 1 : 0;
  const hosts = ranges.map(([from, to]) => unitAt(to).last - unitAt(from).first + 1);
  const hosts_done = hosts.reduce((sum, count) => sum + count, 0);
  // What partial units found is found again.
  const counts = await unitCounts(db, job.id, sql`u.status = 'completed'`);
  const { hosts_up = 0, ports_open = 0 } = counts;
  const begun = { next_unit, hosts_done, hosts_up, ports_open };
  await updateJob(db, job.id, begun);
  return { ...job, ...begun };
}

/** @returns how many units the worker still holds; all are extended */
export async function renewLease(
  db: StoreDatabase,
  { job, workerId }: Lease,
  leaseMs: number,
): Promise<number> {
  const rows = await db.query(sql`
    UPDATE scan_units SET lease_until = ${db.dialect.fromNow(leaseMs)}
    WHERE job_id = ${jobKey(db, job.id)} AND status <> 'completed'
      AND status = 'leased' AND worker_id = ${workerId}
    RETURNING unit`);
  return rows.length;
}

/** Releases the units that a worker has not completed, and calls another worker for them. */
export async function releaseLease(db: StoreDatabase, { job, workerId }: Lease): Promise<void> {
  await db.transaction(async (inside) => {
    const released = await releaseUnits(inside, job.id, sql`worker_id = ${workerId}`);
    if (released > 0) await queueJob(inside, { ...job, run_at: null });
  });
}

/** @returns how many of a scan's leased units matched the condition and were released */
export async function releaseUnits(
  db: StoreDatabase,
  id: string,
  condition: Sql = sql`1 = 1`,
): Promise<number> {
  const rows = await db.query(sql`
    UPDATE scan_units SET status = 'released', worker_id = NULL, lease_until = NULL
    WHERE job_id = ${jobKey(db, id)} AND status <> 'completed' AND status = 'leased'
      AND ${condition}
    RETURNING unit`);
  return rows.length;
}
