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
 * A store for maintenance: all tenants, any version. Only `status` and `migrate` work on a store
 * that is not up to date.
 */
export interface StoreAdmin extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres';
  /** A file path or a URL without secrets, for messages. */
  readonly location: string;
  status(): Promise<StoreStatus>;
  /**
   * Creates the store or brings it up to date.
   *
   * @returns migrations applied by this call, or with `isDryRun` that would be
   * @throws AppError STORE_NEWER, MIGRATION_EDITED, STORE_DENIED
   */
  migrate(options: { readonly isDryRun: boolean }): Promise<readonly MigrationStep[]>;
  /** Looks for problems; with `fix`, repairs those that can be repaired without loss. */
  check(options: CheckOptions): Promise<readonly Problem[]>;
  stats(): Promise<StoreStats>;
  /** Frees disk space and refreshes the planner's statistics and the materialized summaries. */
  vacuum(options?: MaintenanceOptions): Promise<VacuumReport>;
  /**
   * Writes a snapshot of the whole store to a new file.
   *
   * @throws AppError STORE_UNWRITABLE, STORE_FULL; leaves no file behind
   */
  backup(path: string, options?: MaintenanceOptions): Promise<BackupReport>;
  /**
   * Restores a backup of the same kind into an empty store, all or nothing.
   *
   * @throws AppError INVALID_INPUT (not a backup, truncated or damaged), STORE_NEWER, UNSUPPORTED
   *   (a backup of another kind of store), CONFIRMATION_NEEDED (the store is not empty)
   */
  restore(path: string, options?: RestoreOptions): Promise<RestoreReport>;
  /** Counts what retention would remove, or removes it. */
  prune(request: PruneRequest): Promise<PruneReport>;
  /** Reads and writes rows for copies between stores. */
  transfer(): Promise<Transfer>;
  /** Runs shared queries for a tenant, with maintenance privileges. */
  database(tenant?: string): Promise<StoreDatabase>;
}
