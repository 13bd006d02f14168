import type { Pass } from './pass.ts';

/**
 * The probes under way: what each slot probes, and since when. Kept in order of start, so that the
 * next one to time out is always the first.
 */
export interface Slots {
  readonly capacity: number;
  readonly inUse: number;
  /** Takes a free slot. There must be one. Times are monotonic and never go back. */
  take(pass: Pass, index: number, nowMs: number): number;
  free(slot: number): void;
  /** The slot in use that was started first, or -1. */
  oldest(): number;
  /** @throws RangeError for a slot that is free */
  passAt(slot: number): Pass;
  indexAt(slot: number): number;
  startedAt(slot: number): number;
}

/** A table of free slots: a doubly linked list in arrays, nothing is allocated per probe. */
export function newSlots(capacity: number): Slots {
  const passes: (Pass | undefined)[] = Array.from({ length: capacity });
  const indices = new Int32Array(capacity);
  const starts = new Float64Array(capacity);
  const previous = new Int32Array(capacity);
  const next = new Int32Array(capacity);
  // The lowest slots are handed out first and again, so that few sockets are made.
  const unused = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
  let unusedCount = capacity;
  let first = -1;
  let last = -1;
  return {
    capacity,
    get inUse() {
      return capacity - unusedCount;
    },
    take(pass, index, nowMs) {
      unusedCount -= 1;
      const slot = unused[unusedCount] ?? -1;
      passes[slot] = pass;
      indices[slot] = index;
      starts[slot] = nowMs;
      previous[slot] = last;
      next[slot] = -1;
      if (last >= 0) next[last] = slot;
      else first = slot;
      last = slot;
      return slot;
    },
    free(slot) {
      const before = previous[slot] ?? -1;
      const after = next[slot] ?? -1;
      if (before >= 0) next[before] = after;
      else first = after;
      if (after >= 0) previous[after] = before;
      else last = before;
      passes[slot] = undefined;
      unused[unusedCount] = slot;
      unusedCount += 1;
    },
    oldest: () => first,
    passAt(slot) {
      const pass = passes[slot];
      if (!pass) throw new RangeError(`slot ${slot} is free`);
      return pass;
    },
    indexAt: (slot) => indices[slot] ?? -1,
    startedAt: (slot) => starts[slot] ?? 0,
  };
}
