/** What `vacuum` did. */
export interface VacuumReport {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Tables that were gone through. */
  readonly tables: number;
  /** Materialized views that were made anew, with their rows. */
  readonly refreshed: Readonly<Record<string, number>>;
  /** Partitions that were made ahead. */
  readonly partitionsMade: number;
}
