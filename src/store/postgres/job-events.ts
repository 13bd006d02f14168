import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { JobState } from '../../core/job-states.ts';
import { eventType } from '../scans/job-event.ts';
import type { JobEvent } from '../store.ts';
import type { Session } from './session.ts';

/** The payload of a notification from `notify_job`. */
interface Notice {
  readonly tenant: string;
  readonly job: string;
  readonly from: JobState | null;
  readonly status: JobState;
}

function ignore(): void {}

/** Delays between attempts to listen again, ms. */
const [leastWaitMs, mostWaitMs] = [100, 3000];

/**
 * Changes of a tenant's scans, from the server's notifications. If the connection breaks, it
 * listens again and emits one `lost` for what may have been missed.
 */
export async function* postgresJobEvents(
  { pool }: Session,
  tenantId: string,
  signal: AbortSignal,
): AsyncGenerator<JobEvent> {
  const events: JobEvent[] = [];
  let wake: () => void = ignore;
  const push = (event: JobEvent): void => {
    events.push(event);
    wake();
  };
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  either.addEventListener('abort', () => wake(), { once: true });
  const listening = listen(pool, { tenantId, push, signal: either });
  try {
    while (!signal.aborted) {
      const event = events.shift();
      if (event) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop.abort(); // the reader may have left its loop
    await listening;
  }
}

interface Listener {
  readonly tenantId: string;
  readonly push: (event: JobEvent) => void;
  readonly signal: AbortSignal;
}

async function listen(pool: pg.Pool, { tenantId, push, signal }: Listener): Promise<void> {
  let waitMs = leastWaitMs;
  while (!signal.aborted) {
    try {
      await listenOnce(pool, {
        tenantId,
        push: (event) => {
          waitMs = leastWaitMs;
          push(event);
        },
        signal,
      });
    } catch {
      // The server is away, or the connection broke: again in a while.
    }
    if (signal.aborted) return;
    push({ type: 'lost', job: '' });
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, mostWaitMs);
  }
}

async function listenOnce(pool: pg.Pool, { tenantId, push, signal }: Listener): Promise<void> {
  const client = await pool.connect();
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  client.on('notification', ({ payload }) => {
    const { tenant, job, from, status } = JSON.parse(payload ?? '{}') as Notice;
    if (tenant === tenantId) push({ type: eventType(from, status), job, status });
  });
  try {
    await client.query('LISTEN portolan_jobs');
    // The caller reads the state from before this point.
    push({ type: 'lost', job: '' });
    await ended;
  } finally {
    // It is still listening, so it must not return to the pool.
    client.release(true);
  }
}
