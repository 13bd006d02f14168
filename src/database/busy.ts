import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from './driver.ts';

/** How long one waits for other writers before giving up: many times the longest transaction. */
const lockTimeoutMs = 30_000;

/**
 * Runs `work`, and again for as long as another connection holds the lock that it needs. The wait
 * is ours and not SQLite's busy timeout, which would stop this process's event loop: a scan in
 * progress would time out its own probes.
 *
 * @throws what `work` throws; SQLITE_BUSY after half a minute; the signal's reason
 */
export async function retryBusy<T>(
  work: () => T,
  { signal, timeoutMs = lockTimeoutMs }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, 50)) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    // Jitter, so that two writers do not meet again at each try.
    await sleep(waitMs * (0.5 + Math.random()), undefined, signal ? { signal } : {});
  }
}
