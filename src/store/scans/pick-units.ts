import type { Unit } from '../../core/plan.ts';
import { jobKey } from '../filter.ts';
import { type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { type Job, updateJob } from './jobs.ts';

/** Units of a scan to lease. */
export interface UnitRequest {
  /** Names the lease. One name runs one lease at a time. */
  readonly workerId: string;
  /** How long a silent worker keeps the units; by default until they are released. */
  readonly leaseMs: number | undefined;
  /** Maximum number of units. */
  readonly wanted: number;
  /** A unit of the scan by its index. */
  readonly unitAt: (index: number) => Unit;
}

/** A leased unit. */
export interface LeasedUnit extends Unit {
  /** The number of the unit's lease. */
  readonly attempt: number;
}

/** Open units of a scan: released, interrupted, or lost with their worker. */
export function openUnits({ dialect }: StoreDatabase): Sql {
  return sql`(u.status IN ('released', 'partial')
    OR (u.status = 'leased' AND u.lease_until < ${dialect.fromNow(0)}))`;
}

/**
 * Leases units of a scan in ascending order, open ones before new ones.
 *
 * @param db in a transaction that has locked the scan's row
 * @param job as in that row
 */
export async function leaseUnits(
  db: StoreDatabase,
  job: Job,
  request: UnitRequest,
): Promise<readonly LeasedUnit[]> {
  const open = await leaseOpenUnits(db, job, request);
  const added = await leaseNewUnits(db, job, { ...request, wanted: request.wanted - open.length });
  return [...open, ...added].sort((a, b) => a.index - b.index);
}

function leaseEnd({ dialect }: StoreDatabase, leaseMs: number | undefined): Sql {
  return leaseMs === undefined ? sql`NULL` : dialect.fromNow(leaseMs);
}

async function leaseOpenUnits(
  db: StoreDatabase,
  job: Job,
  { workerId, leaseMs, wanted }: UnitRequest,
): Promise<LeasedUnit[]> {
  const { fromNow, lock } = db.dialect;
  const id = jobKey(db, job.id);
  return await db.query<LeasedUnit>(sql`
    UPDATE scan_units SET status = 'leased', worker_id = ${workerId}, attempt = attempt + 1,
      lease_until = ${leaseEnd(db, leaseMs)}, started_at = ${fromNow(0)}
    WHERE job_id = ${id} AND unit IN (
      SELECT u.unit FROM scan_units u
      WHERE u.job_id = ${id} AND u.status <> 'completed' AND ${openUnits(db)}
      ORDER BY u.unit LIMIT ${wanted} ${lock.skipping})
    RETURNING unit AS "index", first, last, attempt`);
}

/** Maximum unit numbers that one statement searches for ones without a row. */
const widestWindow = 10_000;

/** Leases units without a row, and moves the scan's `next_unit` past them. */
async function leaseNewUnits(
  db: StoreDatabase,
  job: Job,
  { workerId, leaseMs, wanted, unitAt }: UnitRequest,
): Promise<LeasedUnit[]> {
  const { fromNow, factTenant } = db.dialect;
  const tenant = factTenant(db.tenantId);
  const count = job.unit_count ?? 0;
  const leased: LeasedUnit[] = [];
  let next = job.next_unit;
  let window = wanted;
  while (leased.length < wanted && next < count) {
    const last = Math.min(count, next + window) - 1;
    // An earlier attempt with gaps may have completed many of them.
    window = Math.min(window * 4, widestWindow);
    const size = { ...unitAt(0), end: unitAt(count - 1).last };
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
          'leased', 1, ${workerId}, ${leaseEnd(db, leaseMs)}, ${fromNow(0)}
        FROM numbers WHERE NOT EXISTS (
          SELECT 1 FROM scan_units u WHERE u.job_id = ${jobKey(db, job.id)} AND u.unit = numbers.unit
            AND u.unit BETWEEN ${next} AND ${last})
        ORDER BY unit LIMIT ${left}
        RETURNING unit AS "index", first, last, attempt`);
    leased.push(...found);
    // If enough were found, the rest of the window may not have been searched.
    next = found.length < left ? last + 1 : Math.max(...found.map(({ index }) => index)) + 1;
  }
  await updateJob(db, job.id, { next_unit: next, leased_at: fromNow(0) });
  return leased;
}
