import type { ScanPlan, Unit } from '../../src/core/plan.ts';

/** Every unit of a plan, as a scanner is handed them. */
export async function* everyUnit(plan: ScanPlan): AsyncGenerator<Unit> {
  for (let index = 0; index < plan.unitCount; index++)
    yield await Promise.resolve(plan.unit(index));
}
