import type { BackupReport, RestoreOptions, RestoreReport } from './backup.ts';
import type { Transfer } from './transfer.ts';
import type { CheckOptions, Problem } from './problem.ts';
import type { PruneReport, PruneRequest } from './prune.ts';
import type { StoreStats } from './stats.ts';
import type { MaintenanceOptions } from './progress.ts';
import type { MigrationStep, StoreStatus } from './status.ts';
import type { StoreDatabase } from '../store.ts';
import type { VacuumReport } from './vacuum.ts';

/**
 * A store for maintenance: whole, with every tenant, whatever its version. Only `status` and
 * `migrate` work on a store that is not up to date.
 */
export interface StoreAdmin extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres';
  /** A file path or a URL without secrets, for messages. */
  readonly location: string;
  status(): Promise<StoreStatus>;
  /**
   * Makes the store, or brings it up to date.
   *
   * @returns what was applied by this call; with `isDryRun` what would be
   * @throws AppError STORE_NEWER, MIGRATION_EDITED, STORE_DENIED
   */
  migrate(options: { readonly isDryRun: boolean }): Promise<readonly MigrationStep[]>;
  /** Looks for problems; with `fix`, repairs those that can be repaired without loss. */
  check(options: CheckOptions): Promise<readonly Problem[]>;
  stats(): Promise<StoreStats>;
  /** Frees disk space, and renews the planner's statistics and precomputed summaries. */
  vacuum(options?: MaintenanceOptions): Promise<VacuumReport>;
  /**
   * Writes a snapshot of the whole store into a new file.
   *
   * @throws AppError STORE_UNWRITABLE, STORE_FULL; no file is left then
   */
  backup(path: string, options?: MaintenanceOptions): Promise<BackupReport>;
  /**
   * Fills an empty store from a backup of the same kind, all of it or nothing.
   *
   * @throws AppError INVALID_INPUT (no backup, cut off or damaged), STORE_NEWER, UNSUPPORTED (a
   *   backup of another kind of store), CONFIRMATION_NEEDED (the store is not empty)
   */
  restore(path: string, options?: RestoreOptions): Promise<RestoreReport>;
  /** Counts what retention would remove, or removes it. */
  prune(request: PruneRequest): Promise<PruneReport>;
  /** Reads and writes rows for copies between kinds of store. */
  transfer(): Promise<Transfer>;
  /** Runs shared queries for a tenant, with the rights of maintenance. */
  database(tenant?: string): Promise<StoreDatabase>;
}
