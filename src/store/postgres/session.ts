import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { isUuid } from '../../core/ids.ts';
import { AppError } from '../../errors.ts';
import { isCollision, isConnectionLost, postgresError } from './connection.ts';

/**
 * The role of a transaction: limited to one tenant by row-level security
 * (`92-row-level-security.sql`), or for the whole store.
 */
export type Role =
  | { readonly name: 'portolan_app'; readonly tenantId: string }
  | { readonly name: 'portolan_maintenance' };

/**
 * The first statements of a transaction. SET accepts no parameters, and `set_config` would not
 * reach the workers of a cluster, so the id is validated and quoted here and nowhere else.
 */
export function beginAs(role: Role): string {
  const begin = `BEGIN; SET LOCAL ROLE ${role.name}`;
  if (role.name === 'portolan_maintenance') return begin;
  if (!isUuid(role.tenantId)) throw new TypeError(`"${role.tenantId}" is not a tenant id`);
  return `${begin}; SET LOCAL app.tenant_id = '${role.tenantId}'`;
}

/** How to retry if a connection breaks or two transactions collide. */
export interface RetryPolicy {
  /**
   * Whether the work may be done twice. Otherwise a connection that breaks during the commit, when
   * the outcome is unknown, is reported.
   */
  readonly isIdempotent: boolean;
  /** How long to retry, ms. A server restart takes a few seconds. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

/** A store's connections. */
export interface Session {
  readonly pool: pg.Pool;
  /** With its password. */
  readonly url: string;
  readonly location: string;
}

/**
 * Runs `work` in a transaction, and reruns it as a whole if the connection broke before the commit
 * was sent or if it collided with another transaction.
 *
 * @throws AppError STORE_UNREACHABLE, UNKNOWN_OUTCOME, BUSY, STORE_DENIED, STORE_FULL; what `work`
 *   throws
 */
export async function inTransaction<T>(
  { pool, location }: Session,
  role: Role,
  work: (client: pg.PoolClient) => Promise<T>,
  { isIdempotent, patienceMs, signal }: RetryPolicy,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 1000)) {
    signal?.throwIfAborted();
    const attempt = { isCommitting: false };
    try {
      return await once(pool, role, work, attempt);
    } catch (error) {
      const isLost = isConnectionLost(error);
      if (isLost && attempt.isCommitting && !isIdempotent) {
        throw new AppError(
          'UNKNOWN_OUTCOME',
          `${location}: the connection broke during the commit, so it is unknown whether the ` +
            'change was made: check, and repeat it if it was not',
          { cause: error },
        );
      }
      if (!(isLost || isCollision(error)) || performance.now() > deadline) {
        throw postgresError(error, location);
      }
    }
    await sleep(waitMs * (0.5 + Math.random()), undefined, signal ? { signal } : {});
  }
}

/** Receives the error of a connection that breaks between statements; the next statement fails. */
function ignore(): void {}

async function once<T>(
  pool: pg.Pool,
  role: Role,
  work: (client: pg.PoolClient) => Promise<T>,
  attempt: { isCommitting: boolean },
): Promise<T> {
  const client = await pool.connect();
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    await client.query(beginAs(role));
    const result = await work(client);
    attempt.isCommitting = true;
    await client.query('COMMIT');
    return result;
  } catch (error) {
    if (error instanceof Error && isConnectionLost(error)) broken = error;
    else await client.query('ROLLBACK').catch((cause: Error) => (broken = cause));
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

/**
 * Runs `work` on a pooled connection, as the login user.
 *
 * @throws AppError STORE_UNREACHABLE, STORE_DENIED, STORE_FULL, BUSY; what `work` throws
 */
export async function withClient<T>(
  { pool, location }: Session,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  let client: pg.PoolClient | undefined;
  let broken: Error | undefined;
  try {
    client = await pool.connect();
    client.on('error', ignore);
    return await work(client);
  } catch (error) {
    if (error instanceof Error && isConnectionLost(error)) broken = error;
    throw postgresError(error, location);
  } finally {
    client?.off('error', ignore);
    client?.release(broken);
  }
}
