/** The delay after the first failed attempt, ms; each further attempt triples it. */
const firstDelayMs = 5000;

/** How long a queued scan waits before its next attempt, ms. */
export function retryDelayMs(attempts: number): number {
  return firstDelayMs * 3 ** Math.max(0, attempts - 1);
}
