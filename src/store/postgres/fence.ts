import type { RunUnit } from '../../core/events.ts';
import { AppError } from '../../errors.ts';
import type { RecordOptions, UnitLease } from '../store.ts';
import type { Writer } from './write-hosts.ts';
import { type CoveredUnit, coveredUnit } from './write-coverage.ts';

/** Rolls back the transaction of a batch that must not be written. */
export class Refusal extends Error {
  readonly status: 'done' | 'lost';

  constructor(status: 'done' | 'lost') {
    super(status);
    this.status = status;
  }
}

/**
 * Writes the rows of a batch's units if its writer still holds them.
 *
 * @returns the units that this batch completes, with their coverage
 * @throws Refusal
 */
export async function writeUnits(
  writer: Writer,
  units: readonly RunUnit[],
  { lease, coverage }: RecordOptions,
): Promise<CoveredUnit[]> {
  const written = lease
    ? await writeLeasedUnits(writer, units, lease)
    : await writeImportedUnits(writer, units);
  return written.flatMap((unit) => {
    const looked = unit.status === 'completed' ? coverage?.(unit) : undefined;
    return looked ? [coveredUnit(writer, unit, looked)] : [];
  });
}

/**
 * The unit rows are the fence. This transaction locks them until it ends, so that no worker can
 * lease one of them. The scan's row need not be locked.
 */
async function writeLeasedUnits(
  writer: Writer,
  units: readonly RunUnit[],
  lease: UnitLease,
): Promise<readonly RunUnit[]> {
  if (units.length === 0) await lockAnyHeld(writer, lease);
  else if ((await endLeasedUnits(writer, units, lease)) !== units.length) {
    throw new Refusal((await isAnyCompleted(writer, units)) ? 'done' : 'lost');
  }
  return units;
}

const anyHeld = `
  SELECT 1 FROM scan_units WHERE job_id = $1 AND status <> 'completed' AND status = 'leased'
    AND worker_id = $2 LIMIT 1 FOR SHARE`;

/**
 * A batch without units needs any lease of its runner, which stays locked until the batch is
 * written.
 */
async function lockAnyHeld({ client, jobId }: Writer, { workerId }: UnitLease): Promise<void> {
  const { rows } = await client.query(anyHeld, [jobId, workerId]);
  if (rows.length === 0) throw new Refusal('lost');
}

/**
 * Locks the scan's row against deletion until the transaction ends. Other writers may share the
 * lock.
 */
const lockJob = 'SELECT attempts FROM scan_jobs WHERE id = $1 FOR KEY SHARE';

/** @returns the units that were not yet completed */
async function writeImportedUnits(
  writer: Writer,
  units: readonly RunUnit[],
): Promise<readonly RunUnit[]> {
  const { client, jobId } = writer;
  const { rows } = await client.query<{ attempts: number }>(lockJob, [jobId]);
  const [job] = rows;
  if (!job) throw new AppError('NOT_FOUND', `the store has no scan ${jobId}`);
  const written: RunUnit[] = [];
  for (const unit of units) if (await writeUnit(writer, unit, job.attempts)) written.push(unit);
  return written;
}

/** A completed unit stays unchanged: the batch that completed it is already stored. */
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
 * Writes leased units, only where this worker still holds them. The values are one object keyed by
 * unit rather than rows to join: a server that expects few leased units would search all rows for
 * each unit, at a fiftieth of the speed.
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

/** @returns how many units this worker held, which are now written */
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

/** Whether any worker has completed one of the units. */
async function isAnyCompleted(
  { client, jobId }: Writer,
  units: readonly RunUnit[],
): Promise<boolean> {
  const { rows } = await client.query(completedAmong, [jobId, units.map(({ unit }) => unit)]);
  return rows.length > 0;
}
