import type { RunUnit } from '../../core/events.ts';
import type { Unit } from '../../core/plan.ts';

const unitsPerBatch = 1_000;

/**
 * The ends of units that one run of another scanner's program has looked at: it takes all targets
 * together, so all of them are done when it is.
 */
export function* completedUnits(
  runId: string,
  units: readonly Unit[],
  startedAt: number,
): Generator<RunUnit[]> {
  const times = { t_start: startedAt, t_end: Date.now() };
  for (let i = 0; i < units.length; i += unitsPerBatch) {
    yield units.slice(i, i + unitsPerBatch).map(({ index: unit, first, last }) => {
      const range = { unit, first, last };
      return {
        type: 'run.unit',
        run_id: runId,
        ...range,
        status: 'completed',
        ...times,
        counts: {},
      };
    });
  }
}
