/**
 * How rows leave one store and enter another, which may be of the other kind: as text, numbers,
 * bytes and null, in the shapes that SQLite stores (times epoch ms, JSON as text, truth as 0 and
 * 1), and with UUIDs for the keys of scans and hosts.
 */
export type TransferValue = string | number | Uint8Array | null;
export type TransferRow = readonly TransferValue[];

/** A table as both kinds of store see it: without its tenant and without numbers of its own. */
export interface TransferTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A tenant, with the columns of its row. */
export interface TransferTenant {
  readonly id: string;
  readonly name: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly createdBy: string | null;
  readonly modifiedBy: string | null;
}

/** A tenant's rows as they were at one moment. */
export interface TransferSource {
  readonly tenant: TransferTenant;
  readonly count: (table: string) => Promise<number>;
  /** Every row, some hundreds at a time; in the order of the rows' own numbers, where they have some. */
  readonly rows: (table: TransferTable) => AsyncIterable<readonly TransferRow[]>;
}

/** Where a tenant's rows go, in one transaction. */
export interface TransferTarget {
  readonly count: (table: string) => Promise<number>;
  /** Ids of the tenant's scans with their states. */
  readonly scans: () => Promise<ReadonlyMap<string, string>>;
  /** Puts rows into a table. The tables come in the order of `Transfer.tables`. */
  readonly insert: (
    table: TransferTable,
    batches: AsyncIterable<readonly TransferRow[]>,
  ) => Promise<void>;
}

/** What a store offers for copying. */
export interface Transfer {
  /** Every table of tenants' rows, those that others refer to first. */
  tables(): Promise<readonly TransferTable[]>;
  /**
   * @param tenant name or id; undefined for the only or the default one
   * @throws AppError NOT_FOUND
   */
  read<T>(tenant: string | undefined, work: (source: TransferSource) => Promise<T>): Promise<T>;
  /**
   * @throws AppError AMBIGUOUS where the store cannot take that tenant in
   */
  write<T>(tenant: TransferTenant, work: (target: TransferTarget) => Promise<T>): Promise<T>;
}

/** Rows that are handed over at a time. */
export const transferBatch = 500;

/** What stands for a scan that was removed but is remembered as the last that saw something. */
export const removedScan = '00000000-0000-0000-0000-000000000000';

/**
 * Tables in the order in which rows can be put into them.
 *
 * @param references the tables that a table's rows refer to, by its name
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
