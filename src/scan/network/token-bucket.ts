/** How much unused allowance is kept, ms: enough to make up for a pause of the event loop. */
const depthMs = 50;

/** A limit per second. */
export interface TokenBucket {
  /** Takes one token where there is one. Times are monotonic ms. */
  take(nowMs: number): boolean;
}

/**
 * A token bucket that starts with one token.
 *
 * @param rate tokens per second; 0 for no limit
 */
export function tokenBucket(rate: number, startMs: number): TokenBucket {
  if (rate === 0) return { take: () => true };
  const depth = Math.max(1, (rate * depthMs) / 1000);
  let tokens = 1;
  let filledAt = startMs;
  return {
    take(nowMs) {
      tokens = Math.min(depth, tokens + ((nowMs - filledAt) * rate) / 1000);
      filledAt = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
