import type { ScanPlan, Unit } from '../../core/plan.ts';

/** The addresses of units in the scan's order, of one family, as a program reads them. */
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

/** The families of a scan's targets. */
export function familiesOf({ targets }: ScanPlan): readonly (4 | 6)[] {
  return ([4, 6] as const).filter((family) =>
    targets.ranges.some((range) => range.family === family),
  );
}
