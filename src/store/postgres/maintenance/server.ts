import type pg from 'pg';
import type { Session } from '../session.ts';

export type UseClient = <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>;

/** A store's server, for maintenance. */
export interface Server extends Session {
  /**
   * Runs `work` as the login user, who owns the tables, on a separate connection without a
   * transaction. Requires an up-to-date store.
   */
  readonly asOwner: UseClient;
  /** Runs `work` in a transaction that sees every tenant. Requires an up-to-date store. */
  readonly asMaintenance: UseClient;
  /** The same for the source of a copy, which may also have the last development version. */
  readonly asSource: UseClient;
}
