import type { Address } from '../core/address.ts';
import type { Sql } from './sql.ts';
import type { PortKey } from './tables.ts';

/** The differences in SQL syntax and layout that shared queries have to handle. */
export interface Dialect {
  /** Converts epoch ms to the type of a time column. */
  readonly time: (ms: number) => unknown;
  /** The store's clock plus some ms. All machines that share a store use this one clock. */
  readonly fromNow: (ms: number) => Sql;
  /** The factor that turns a number of ms into an interval that can be added to a time column. */
  readonly millisecond: Sql;
  /** Boolean literals. */
  readonly true: Sql;
  readonly false: Sql;
  /** Whether the keys of scans and hosts are numbers, separate from the UUIDs that users see. */
  readonly hasNumberKeys: boolean;
  /**
   * The column of `scan_jobs`, `hosts` and `tenants` that holds the public UUID: a separate column,
   * or the key itself.
   */
  readonly uuidColumn: string;
  /** The key of the tenant, scan or host with this UUID. */
  readonly keyOf: (table: 'hosts' | 'scan_jobs' | 'tenants', uuid: string) => Sql;
  /** Restricts facts to a tenant if they have a tenant column, their indexes' first. */
  readonly isOfTenant: (table: string, tenantId: string) => Sql | undefined;
  /** The first column and value of a new fact: its tenant, where facts have a tenant column. */
  readonly factTenant: (tenantId: string) => { readonly column: Sql; readonly value: Sql };
  /** Whether facts are partitioned by month, so that a list reads only the months it needs. */
  readonly hasPartitions: boolean;
  /** Whether a transaction blocks all other writers. */
  readonly hasOneWriter: boolean;
  /**
   * Appended to a SELECT in a transaction: locks its rows, and either waits for rows locked by
   * others or skips them.
   */
  readonly lock: { readonly waiting: Sql; readonly skipping: Sql };
  /** The column of `hosts` that sorts by address. */
  readonly addressColumn: string;
  /** Converts an address for comparison with that column. */
  readonly addressBound: (address: Address) => Sql;
  /** The text of an address column. */
  readonly addressText: (column: string) => Sql;
  /** The members of a JSON object as a table with columns `key` and `value`. */
  readonly jsonEach: (column: string) => Sql;
  /** Keys as a table; `place` is the index in the list. */
  readonly keyTable: (rows: readonly PortKey[]) => Sql;
  /**
   * Aggregate for the scan of a group's newest row, by columns `t` and `job_id`. Undefined where
   * numbering the rows of each group is faster.
   */
  readonly newestJob?: Sql;
}
