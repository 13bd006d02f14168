import type { Unit } from '../../core/plan.ts';

/** Units that are fetched ahead, so that the next one is there when a host can be opened. */
const fetchedAhead = 16;

/** A scan's units, taken without waiting. */
export interface UnitQueue extends AsyncDisposable {
  /** Whether every unit was taken. */
  readonly isExhausted: boolean;
  /**
   * The next unit; undefined where it is not there yet, or where none is left.
   *
   * @throws what broke their source
   */
  take(): Unit | undefined;
}

/** Begins to fetch units. */
export function newUnitQueue(units: AsyncIterable<Unit>): UnitQueue {
  const source = units[Symbol.asyncIterator]();
  const ready: Unit[] = [];
  let state: 'fetching' | 'waiting' | 'exhausted' = 'waiting';
  let fault: { readonly error: unknown } | undefined;
  const fetch = async (): Promise<void> => {
    state = 'fetching';
    try {
      while (ready.length < fetchedAhead) {
        const next = await source.next();
        if (next.done) {
          state = 'exhausted';
          return;
        }
        ready.push(next.value);
      }
      state = 'waiting';
    } catch (error) {
      fault = { error };
    }
  };
  void fetch();
  return {
    get isExhausted() {
      return state === 'exhausted' && ready.length === 0;
    },
    take() {
      if (fault) throw fault.error;
      const unit = ready.shift();
      if (state === 'waiting') void fetch();
      return unit;
    },
    async [Symbol.asyncDispose]() {
      await source.return?.();
    },
  };
}
