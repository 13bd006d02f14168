import type { RunUnit } from '../../core/events.ts';
import type { JobState } from '../../core/job-states.ts';
import type { RecordOptions, RecordResult, UnitLease } from '../store.ts';
import type { Statements } from './statements.ts';
import type { JobKey } from './write-hosts.ts';

/** A job's row, as far as it says who may write. */
export interface FencedJob extends JobKey {
  readonly status: JobState;
  readonly attempts: number;
}

/** States in which a worker may write; what it found until it was cancelled is kept. */
const writable = new Set<JobState>(['running', 'paused', 'cancelled']);

/** Whether this worker still has the units, or this attempt the job, and they are still to be done. */
export function fence(
  prepare: Statements,
  job: FencedJob,
  options: Pick<RecordOptions, 'attempt' | 'lease'> & { units: readonly RunUnit[] },
): RecordResult['status'] {
  const { attempt, lease, units } = options;
  if (lease) return fenceUnits(prepare, job, lease, units);
  if (attempt === undefined) return 'recorded';
  if (job.attempts !== attempt || !writable.has(job.status)) return 'lost';
  const completed = prepare(
    "SELECT 1 FROM scan_units WHERE job_id = ? AND unit = ? AND status = 'completed'",
  );
  return units.some((unit) => completed.get(job.id, unit.unit)) ? 'done' : 'recorded';
}

function fenceUnits(
  prepare: Statements,
  job: FencedJob,
  { workerId, attempts }: UnitLease,
  units: readonly RunUnit[],
): RecordResult['status'] {
  const held = prepare(
    `SELECT status, worker_id = ? AND attempt = ? AS is_held FROM scan_units
     WHERE job_id = ? AND unit = ?`,
  );
  let status: RecordResult['status'] = 'recorded';
  for (const { unit } of units) {
    const row = held.get(workerId, attempts.get(unit) ?? 0, job.id, unit);
    if (row?.['status'] === 'completed') status = 'done';
    else if (row?.['status'] !== 'leased' || !row['is_held']) return 'lost';
  }
  return status;
}

/** A completed unit stays as it is: what completed it is in the store already. */
const upsertUnit = `
  INSERT INTO scan_units (job_id, unit, first, last, status, attempt, started_at, completed_at,
    counts, worker_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (job_id, unit) DO UPDATE SET
    first = excluded.first, last = excluded.last, status = excluded.status,
    attempt = excluded.attempt, started_at = excluded.started_at,
    completed_at = excluded.completed_at, counts = excluded.counts,
    worker_id = excluded.worker_id, lease_until = NULL
  WHERE status <> 'completed'`;

/** @returns whether the row was written */
export function writeUnit(
  prepare: Statements,
  job: JobKey,
  unit: RunUnit,
  { attempt, workerId }: { attempt: number; workerId: string | undefined },
): boolean {
  const { changes } = prepare(upsertUnit).run(
    job.id,
    unit.unit,
    unit.first,
    unit.last,
    unit.status,
    attempt,
    unit.t_start,
    unit.t_end,
    JSON.stringify(unit.counts),
    workerId ?? null,
  );
  return changes > 0;
}
