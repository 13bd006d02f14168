/** Unit numbers as disjoint ascending closed ranges: a resumed /8 has 2 million, in few ranges. */
export interface UnitSet {
  readonly ranges: readonly (readonly [first: number, last: number])[];
  readonly size: number;
  has(unit: number): boolean;
}

/** A set of ascending, disjoint ranges. */
export function unitSet(ranges: readonly (readonly [number, number])[]): UnitSet {
  return {
    ranges,
    size: ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    has(unit) {
      let low = 0;
      let high = ranges.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (ranges[middle]![1] < unit) low = middle + 1;
        else high = middle;
      }
      return low < ranges.length && ranges[low]![0] <= unit;
    },
  };
}
