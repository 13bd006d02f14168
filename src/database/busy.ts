import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from './driver.ts';

/** How long to wait for other writers: many times the longest transaction. */
const lockTimeoutMs = 30_000;

/**
 * Runs `work`, retrying while another connection holds the lock that it needs. SQLite's busy
 * timeout would block the event loop, so that a running scan would time out its own probes.
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
    // Jitter keeps two writers from colliding on every retry.
    await sleep(waitMs * (0.5 + Math.random()), undefined, signal ? { signal } : {});
  }
}
