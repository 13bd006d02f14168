import type { ScanPlan, Unit } from '../../core/plan.ts';

/** The addresses of some units in the job's order, of one family, as a program reads them. */
export function* targetLines(
  plan: ScanPlan,
  units: readonly Unit[],
  family: 4 | 6,
): Generator<string> {
  for (const { first, last } of units) {
    for (let position = first; position <= last; position++) {
      const address = plan.addressAt(position);
      if (address.includes(':') === (family === 6)) yield address;
    }
  }
}

/** The families that a job's targets are of. */
export function familiesOf(plan: ScanPlan): (4 | 6)[] {
  const families = new Set(plan.targets.ranges.map(({ family }) => family));
  return ([4, 6] as const).filter((family) => families.has(family));
}
