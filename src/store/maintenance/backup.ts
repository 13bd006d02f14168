import type { MaintenanceOptions } from './progress.ts';

/** Rows by table. */
export type RowCounts = Readonly<Record<string, number>>;

/** What a backup holds. */
export interface BackupReport {
  readonly path: string;
  readonly bytes: number;
  readonly rows: RowCounts;
}

export interface RestoreOptions extends MaintenanceOptions {
  /** Whether what the store holds may go; else it has to be empty. */
  readonly replace?: boolean;
}

export interface RestoreReport {
  readonly rows: RowCounts;
  /** The last migration of the store that was backed up. */
  readonly version: number;
}
