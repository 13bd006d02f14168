import type { MaintenanceOptions } from './progress.ts';

/** Rows by table. */
export type RowCounts = Readonly<Record<string, number>>;

/** A summary of a backup. */
export interface BackupReport {
  readonly path: string;
  readonly bytes: number;
  readonly rows: RowCounts;
}

export interface RestoreOptions extends MaintenanceOptions {
  /** Whether existing contents may be replaced; otherwise the store must be empty. */
  readonly replace?: boolean;
}

export interface RestoreReport {
  readonly rows: RowCounts;
  /** The last migration of the backed-up store. */
  readonly version: number;
}
