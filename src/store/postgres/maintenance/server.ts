import type pg from 'pg';
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
