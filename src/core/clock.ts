import { setTimeout as sleep } from 'node:timers/promises';

/** The time of day, for what must be tested at other times than now. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Resolves after so long, or as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wait: async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => undefined); // only an abort rejects it
  },
};
