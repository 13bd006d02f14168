import { setTimeout as sleep } from 'node:timers/promises';

/** The time of day, replaceable in tests. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Resolves after this time, or as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The system clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wait: async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => undefined); // only an abort rejects it
  },
};
