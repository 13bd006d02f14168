import type pg from 'pg';
import type { RunUnit } from '../../core/events.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import type { RecordOptions, UnitLease } from '../store.ts';
import type { Writer } from './write-hosts.ts';
import { type CoveredUnit, coveredUnit } from './write-coverage.ts';

/** Undoes the transaction of a batch that is not to be written. */
export class Refusal extends Error {
  readonly status: 'done' | 'lost';

  constructor(status: 'done' | 'lost') {
    super(status);
    this.status = status;
  }
}

interface JobRow {
  readonly status: JobState;
  readonly attempts: number;
}

/**
 * The job's row, kept as it is until the transaction ends: nobody deletes it, and where a worker
 * writes, nobody gives it another attempt. Others may share that lock.
 */
const lockJob = (isFenced: boolean): string => `
  SELECT status, attempts FROM scan_jobs WHERE id = $1 FOR ${isFenced ? 'SHARE' : 'KEY SHARE'}`;

/** States in which a worker may write; what it found until it was cancelled is kept. */
const writable = new Set<JobState>(['running', 'paused', 'cancelled']);

async function jobOf(
  client: pg.ClientBase,
  jobId: string,
  attempt: number | undefined,
): Promise<JobRow> {
  const { rows } = await client.query<JobRow>(lockJob(attempt !== undefined), [jobId]);
  const [job] = rows;
  if (!job) throw new AppError('NOT_FOUND', `the store has no scan ${jobId}`);
  if (attempt !== undefined && (job.attempts !== attempt || !writable.has(job.status))) {
    throw new Refusal('lost');
  }
  return job;
}

/**
 * The rows of the units are the fence: locked by this transaction until it ends, so that nobody
 * leases one of them meanwhile. The job's own row is not needed.
 */
async function writeLeasedUnits(
  writer: Writer,
  units: readonly RunUnit[],
  { lease, coverage }: { lease: UnitLease; coverage: RecordOptions['coverage'] },
): Promise<CoveredUnit[]> {
  const written = await endLeasedUnits(writer, units, lease);
  if (written !== units.length) {
    throw new Refusal((await isAnyCompleted(writer, units)) ? 'done' : 'lost');
  }
  return units.flatMap((unit) => {
    const looked = unit.status === 'completed' ? coverage?.(unit) : undefined;
    return looked ? [coveredUnit(writer, unit, looked)] : [];
  });
}

/**
 * Writes the rows of a batch's units, where its writer still may.
 *
 * @returns the units that this batch completes, with what they have looked at
 * @throws Refusal
 */
export async function writeUnits(
  writer: Writer,
  units: readonly RunUnit[],
  { attempt, lease, coverage }: RecordOptions,
): Promise<CoveredUnit[]> {
  if (lease) return await writeLeasedUnits(writer, units, { lease, coverage });
  const job = await jobOf(writer.client, writer.jobId, attempt);
  const covered: CoveredUnit[] = [];
  for (const unit of units) {
    const isNew = await writeUnit(writer, unit, attempt ?? job.attempts);
    if (!isNew && attempt !== undefined) throw new Refusal('done');
    const looked = isNew && unit.status === 'completed' ? coverage?.(unit) : undefined;
    if (looked) covered.push(coveredUnit(writer, unit, looked));
  }
  return covered;
}

/** A completed unit stays as it is: what completed it is in the store already. */
const upsertUnit = `
  INSERT INTO scan_units (tenant_id, job_id, unit, first, last, status, attempt, started_at,
    completed_at, counts)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (job_id, unit) DO UPDATE SET
    first = excluded.first, last = excluded.last, status = excluded.status,
    attempt = excluded.attempt, started_at = excluded.started_at,
    completed_at = excluded.completed_at, counts = excluded.counts, lease_until = NULL
  WHERE scan_units.status <> 'completed'`;

/** @returns whether the row was written */
async function writeUnit(
  { client, tenantId, jobId }: Writer,
  unit: RunUnit,
  attempt: number,
): Promise<boolean> {
  const { rowCount } = await client.query(upsertUnit, [
    tenantId,
    jobId,
    unit.unit,
    unit.first,
    unit.last,
    unit.status,
    attempt,
    new Date(unit.t_start).toISOString(),
    new Date(unit.t_end).toISOString(),
    JSON.stringify(unit.counts),
  ]);
  return rowCount === 1;
}

/**
 * Of units that a worker has leased: written where they still are this worker's, and only then.
 * What is written stands in one object by unit and not in rows to join with: where a server thinks
 * that few units are leased, it looks through all of those rows for each, at a fiftieth of the speed.
 */
const endLeases = `
  UPDATE scan_units u SET
    status = $2::jsonb -> u.unit::text ->> 'status',
    started_at = ($2::jsonb -> u.unit::text ->> 'started_at')::timestamptz,
    completed_at = ($2::jsonb -> u.unit::text ->> 'completed_at')::timestamptz,
    counts = $2::jsonb -> u.unit::text -> 'counts',
    lease_until = NULL
  WHERE u.job_id = $3 AND u.unit = ANY ($1::bigint[]) AND u.status = 'leased' AND u.worker_id = $4
    AND u.attempt = ($2::jsonb -> u.unit::text ->> 'attempt')::integer`;

/** @returns how many units were this worker's, and are written */
async function endLeasedUnits(
  { client, jobId }: Writer,
  units: readonly RunUnit[],
  { workerId, attempts }: UnitLease,
): Promise<number> {
  const written = Object.fromEntries(
    units.map(({ unit, status, counts, t_start: start, t_end: end }) => [
      unit,
      {
        status,
        attempt: attempts.get(unit) ?? 0,
        started_at: new Date(start).toISOString(),
        completed_at: new Date(end).toISOString(),
        counts,
      },
    ]),
  );
  const { rowCount } = await client.query(endLeases, [
    units.map(({ unit }) => unit),
    JSON.stringify(written),
    jobId,
    workerId,
  ]);
  return rowCount ?? 0;
}

const completedAmong = `
  SELECT 1 FROM scan_units WHERE job_id = $1 AND unit = ANY ($2::bigint[]) AND status = 'completed'
  LIMIT 1`;

/** Whether one of the units is completed, by whomever. */
async function isAnyCompleted(
  { client, jobId }: Writer,
  units: readonly RunUnit[],
): Promise<boolean> {
  const { rows } = await client.query(completedAmong, [jobId, units.map(({ unit }) => unit)]);
  return rows.length > 0;
}
