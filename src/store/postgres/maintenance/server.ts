import type pg from 'pg';
import { isConnectionLost, postgresError } from '../connection.ts';
import type { Session } from '../session.ts';

export type UseClient = <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>;

/** A store's server, for maintenance. */
export interface Server extends Session {
  /**
   * Runs `work` as the login user, who owns the tables, on a connection of its own; no transaction
   * is open. The store is up to date.
   */
  readonly asOwner: UseClient;
  /** Runs `work` in a transaction that sees every tenant. The store is up to date. */
  readonly asMaintenance: UseClient;
  /** The same to copy from it, which a store of the last development version allows too. */
  readonly asSource: UseClient;
}

/** A connection that breaks between two statements says so here; the next statement fails. */
function ignore(): void {}

/**
 * Runs `work` on a connection of the pool, as the login user.
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
