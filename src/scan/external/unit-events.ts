import type { RunUnit } from '../../core/events.ts';
import type { Unit } from '../../core/plan.ts';

const unitsPerBatch = 1_000;

/**
 * The ends of units that one run of another scanner's program has scanned. It takes all targets
 * together, so all units end when it does.
 */
export function* completedUnits(
  runId: string,
  units: readonly Unit[],
  startedAt: number,
): Generator<RunUnit[]> {
  const end = { status: 'completed', t_start: startedAt, t_end: Date.now(), counts: {} } as const;
  for (let i = 0; i < units.length; i += unitsPerBatch) {
    yield units.slice(i, i + unitsPerBatch).map(({ index: unit, first, last }): RunUnit => {
      return { type: 'run.unit', run_id: runId, unit, first, last, ...end };
    });
  }
}
