/**
 * How rows move between stores, which may differ in kind: as text, numbers, bytes and null in
 * SQLite's representation (times as epoch ms, JSON as text, booleans as 0 and 1), with UUIDs for
 * the keys of scans and hosts.
 */
export type TransferValue = string | number | Uint8Array | null;
export type TransferRow = readonly TransferValue[];

/** A table as both kinds of store see it, without its tenant and identity columns. */
export interface TransferTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A tenant's row. */
export interface TransferTenant {
  readonly id: string;
  readonly name: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly createdBy: string | null;
  readonly modifiedBy: string | null;
}

/** A consistent snapshot of a tenant's rows. */
export interface TransferSource {
  readonly tenant: TransferTenant;
  readonly count: (table: string) => Promise<number>;
  /** Every row, in batches of some hundreds, ordered by the identity column if there is one. */
  readonly rows: (table: TransferTable) => AsyncIterable<readonly TransferRow[]>;
}

/** Receives a tenant's rows in one transaction. */
export interface TransferTarget {
  readonly count: (table: string) => Promise<number>;
  /** Ids of the tenant's scans with their states. */
  readonly scans: () => Promise<ReadonlyMap<string, string>>;
  /** Inserts rows into a table. Tables arrive in the order of `Transfer.tables`. */
  readonly insert: (
    table: TransferTable,
    batches: AsyncIterable<readonly TransferRow[]>,
  ) => Promise<void>;
}

/** A store's interface for copying. */
export interface Transfer {
  /** Every table of tenants' rows, referenced tables first. */
  tables(): Promise<readonly TransferTable[]>;
  /**
   * @param tenant name or id; by default the only or the default one
   * @throws AppError NOT_FOUND
   */
  read<T>(tenant: string | undefined, work: (source: TransferSource) => Promise<T>): Promise<T>;
  /** @throws AppError AMBIGUOUS if the store cannot hold that tenant */
  write<T>(tenant: TransferTenant, work: (target: TransferTarget) => Promise<T>): Promise<T>;
}

/** Rows per batch. */
export const transferBatch = 500;

/** Placeholder for a removed scan that is still recorded as the last to see something. */
export const removedScan = '00000000-0000-0000-0000-000000000000';

/**
 * Sorts tables so that rows can be inserted in this order.
 *
 * @param references the tables that each table refers to, by name
 */
export function inOrderOfReferences(
  references: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const ordered = new Set<string>();
  const visit = (table: string, path: ReadonlySet<string>): void => {
    if (ordered.has(table) || path.has(table)) return;
    for (const other of [...(references.get(table) ?? [])].toSorted()) {
      if (references.has(other)) visit(other, new Set([...path, table]));
    }
    ordered.add(table);
  };
  for (const table of [...references.keys()].toSorted()) visit(table, new Set());
  return [...ordered];
}
