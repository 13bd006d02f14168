import type { RunUnit } from '../../core/events.ts';
import type { RecordResult, UnitLease } from '../store.ts';
import type { Statements } from './statements.ts';
import type { JobKey } from './write-hosts.ts';

/**
 * Whether a batch may be written: each of its units must be leased to this runner and not
 * completed. A batch without units needs any lease of the runner. Without a lease (an import)
 * everything is written.
 */
export function fence(
  prepare: Statements,
  job: JobKey,
  lease: UnitLease | undefined,
  units: readonly RunUnit[],
): RecordResult['status'] {
  if (!lease) return 'recorded';
  const { workerId, attempts } = lease;
  if (units.length === 0) return prepare(anyHeld).get(job.id, workerId) ? 'recorded' : 'lost';
  const held = prepare(unitHeld);
  let status: RecordResult['status'] = 'recorded';
  for (const { unit } of units) {
    const row = held.get(workerId, attempts.get(unit) ?? 0, job.id, unit);
    if (row?.['status'] === 'completed') status = 'done';
    else if (row?.['status'] !== 'leased' || !row['is_held']) return 'lost';
  }
  return status;
}

const anyHeld = `
  SELECT 1 FROM scan_units WHERE job_id = ? AND status <> 'completed' AND status = 'leased'
    AND worker_id = ? LIMIT 1`;

const unitHeld = `
  SELECT status, worker_id = ? AND attempt = ? AS is_held FROM scan_units
  WHERE job_id = ? AND unit = ?`;

/** A completed unit stays unchanged: the batch that completed it is already stored. */
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
