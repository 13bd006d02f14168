import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Runner, run, type WorkerEvents } from 'graphile-worker';
import type { Pool } from 'pg';
import type { Queue } from '../store.ts';
import { AppError } from '../../errors.ts';
import { postgresError } from './connection.ts';
import { silent } from './queue-logger.ts';
import { queuePool } from './queue-pool.ts';
import { assertQueue } from './queue-schema.ts';
import type { Session } from './session.ts';

/** How often the queue is polled for messages that have become due, ms; new ones notify. */
const pollMs = 1000;
/** Delay before restarting the queue's workers after a failure, ms. */
const restartMs = 500;

/**
 * Calls workers through the queue in the database: each message calls one worker on any machine. If
 * the server goes away, it waits for it to return.
 *
 * @throws AppError STORE_INCOMPLETE, STORE_DENIED, NOT_FOUND
 */
export async function runPostgresQueue(
  { url, location }: Pick<Session, 'url' | 'location'>,
  queue: Queue,
): Promise<void> {
  const pool = queuePool(url);
  try {
    for (let isFirst = true; !queue.signal.aborted;) {
      if (await isUsable(pool, location)) {
        if (isFirst) queue.onReady?.();
        isFirst = false;
        await serve(pool, queue).catch(() => undefined);
      }
      await sleep(restartMs, undefined, { signal: queue.signal }).catch(() => undefined);
    }
  } finally {
    await pool.end();
  }
}

/** @returns false if the server is away @throws AppError for what waiting does not mend */
async function isUsable(pool: Pool, location: string): Promise<boolean> {
  try {
    const client = await pool.connect();
    try {
      await assertQueue(client, location);
      return true;
    } finally {
      client.release();
    }
  } catch (thrown) {
    const error = postgresError(thrown, location);
    const isLasting =
      error instanceof AppError && /^(STORE_INCOMPLETE|STORE_DENIED|NOT_FOUND)$/.test(error.code);
    if (isLasting) throw error;
    return false;
  }
}

/** The tenant that a message names. */
function tenantOf(payload: unknown): string {
  if (typeof payload === 'object' && payload !== null && 'tenant' in payload) {
    if (typeof payload.tenant === 'string') return payload.tenant;
  }
  throw new TypeError('a message in the queue names no tenant');
}

/** Serves until the signal aborts or the queue's workers fail, as they do when the server is lost. */
async function serve(pool: Pool, { tasks, concurrency, signal, work }: Queue): Promise<void> {
  const call = async (payload: unknown): Promise<void> => {
    await work(tenantOf(payload));
  };
  const events: WorkerEvents = new EventEmitter();
  let runner: Runner | undefined;
  const stop = (): void => {
    runner?.stop().catch(() => undefined);
  };
  events.on('worker:fatalError', stop);
  runner = await run({
    pgPool: pool,
    concurrency,
    pollInterval: pollMs,
    noHandleSignals: true,
    logger: silent(),
    events,
    parsedCronItems: [],
    taskList: Object.fromEntries(tasks.map((task) => [`portolan:${task}`, call])),
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    await runner.promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
