/** The result of `vacuum`. */
export interface VacuumReport {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Tables processed. */
  readonly tables: number;
  /** Refreshed materialized views, with their row counts. */
  readonly refreshed: Readonly<Record<string, number>>;
  /** Partitions created ahead of time. */
  readonly partitionsMade: number;
}
