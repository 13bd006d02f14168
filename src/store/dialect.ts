import type { Address } from '../core/address.ts';
import type { Sql } from './sql.ts';
import type { PortKey } from './tables.ts';

/** The syntax and layout in which the stores' SQL differs, as far as shared queries meet it. */
export interface Dialect {
  /** An epoch ms as a time column takes it. */
  readonly time: (ms: number) => unknown;
  /** The store's own clock plus some ms: one clock for all machines that share a store. */
  readonly fromNow: (ms: number) => Sql;
  /** The factor that turns a number of ms into what can be added to a time column. */
  readonly millisecond: Sql;
  /** The values of a flag. */
  readonly true: Sql;
  readonly false: Sql;
  /** Whether the keys of scans and hosts are numbers, beside the UUIDs shown outside. */
  readonly hasNumberKeys: boolean;
  /**
   * The column of `scan_jobs`, `hosts` and `tenants` that holds the UUID shown outside: a column of
   * its own, or the key where that is the UUID.
   */
  readonly uuidColumn: string;
  /** The key of the tenant, scan or host with this UUID. */
  readonly keyOf: (table: 'hosts' | 'scan_jobs' | 'tenants', uuid: string) => Sql;
  /** The condition that a fact is a tenant's, where facts carry theirs: their indexes begin with it. */
  readonly isOfTenant: (table: string, tenantId: string) => Sql | undefined;
  /** The first column and value of a new fact: its tenant, where facts carry theirs. */
  readonly factTenant: (tenantId: string) => { readonly column: Sql; readonly value: Sql };
  /** Whether facts are partitioned by month: a list then reads only the partitions of its rows. */
  readonly hasPartitions: boolean;
  /** Whether a transaction blocks all others that write. */
  readonly hasOneWriter: boolean;
  /**
   * Appended to a SELECT in a transaction: locks its rows, waiting for other transactions or
   * skipping the rows that they have locked.
   */
  readonly lock: { readonly waiting: Sql; readonly skipping: Sql };
  /** The column of `hosts` that sorts as addresses do. */
  readonly addressColumn: string;
  /** An address as that column is compared with. */
  readonly addressBound: (address: Address) => Sql;
  /** The text of an address column. */
  readonly addressText: (column: string) => Sql;
  /** The members of a JSON object as a table with columns `key` and `value`. */
  readonly jsonEach: (column: string) => Sql;
  /** Keys as a table, with their index in the list as `place`. */
  readonly keyTable: (rows: readonly PortKey[]) => Sql;
  /**
   * An aggregate: the scan of a group's newest row, by columns `t` and `job_id`. Undefined where
   * numbering the rows of each group costs less.
   */
  readonly newestJob?: Sql;
}
