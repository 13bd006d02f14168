/** A table, including its partitions. */
export interface TableStats {
  readonly name: string;
  /** An estimate if `isEstimate`, because counting millions of rows is slow. */
  readonly rows: number;
  /** Size without indexes. */
  readonly bytes: number;
  readonly indexBytes: number;
  /** Deleted or replaced rows that still take up space; null on SQLite. */
  readonly deadRows: number | null;
  readonly inserts: number | null;
  readonly updates: number | null;
  readonly partitions: readonly PartitionStats[];
}

export interface PartitionStats {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

/** An index. PostgreSQL reports its uses since the statistics were reset. */
export interface IndexStats {
  readonly name: string;
  readonly table: string;
  readonly bytes: number;
  readonly scans: number | null;
}

/** Growth in one month. */
export interface MonthStats {
  /** `2026-11`, UTC. */
  readonly month: string;
  readonly scans: number;
  readonly hosts: number;
  readonly openPorts: number;
  readonly errors: number;
}

/** Sizes, growth and use of a store. */
export interface StoreStats {
  readonly location: string;
  readonly bytes: number;
  readonly isEstimate: boolean;
  /** Largest first. */
  readonly tables: readonly TableStats[];
  readonly indexes: readonly IndexStats[];
  /** Newest first. */
  readonly months: readonly MonthStats[];
  /** Fraction of reads served from the server's cache, 0 to 1; null if unknown. */
  readonly cacheHitRatio: number | null;
  /** Transactions since the statistics were reset; null on SQLite. */
  readonly transactions: { readonly committed: number; readonly rolledBack: number } | null;
  /** Connections of the server, and of this process's pool; null on SQLite. */
  readonly connections: ConnectionStats | null;
}

export interface ConnectionStats {
  readonly server: number;
  readonly serverMax: number;
  /** From programs named `portolan`. */
  readonly portolan: number;
  readonly pool: {
    readonly max: number;
    readonly open: number;
    readonly idle: number;
    readonly waiting: number;
  };
}
