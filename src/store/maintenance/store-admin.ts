import type { BackupReport, RestoreOptions, RestoreReport } from './backup.ts';
import type { Transfer } from './transfer.ts';
import type { CheckOptions, Problem } from './problem.ts';
import type { PruneReport, PruneRequest } from './prune.ts';
import type { StoreStats } from './stats.ts';
import type { StoreStatus } from './status.ts';
import type { StoreDatabase } from '../store.ts';
import type { VacuumReport } from './vacuum.ts';

/** A migration that was or would be applied. */
export interface MigrationStep {
  readonly version: number;
  readonly description: string;
}

/** How long work says that it has come, and how it is stopped. */
export interface KeepingOptions {
  readonly signal?: AbortSignal;
  /** Called now and then. */
  readonly onProgress?: (progress: KeepingProgress) => void;
}

export interface KeepingProgress {
  /** What is being worked on: a table, most often. */
  readonly what: string;
  readonly done: number;
  /** Undefined where it is not known. */
  readonly total?: number;
}

/**
 * A store as those who keep house see it: whole, with every tenant, whatever its version. Only
 * `status` and `migrate` work on a store that is not up to date.
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
  /** Looks for what is wrong; with `fix`, mends what can be mended without a loss. */
  check(options: CheckOptions): Promise<readonly Problem[]>;
  stats(): Promise<StoreStats>;
  /** Gives room back, renews the planner's statistics and what is computed ahead. */
  vacuum(options?: KeepingOptions): Promise<VacuumReport>;
  /**
   * Writes the whole store, as it is at one moment, into a new file.
   *
   * @throws AppError STORE_UNWRITABLE, STORE_FULL; no file is left then
   */
  backup(path: string, options?: KeepingOptions): Promise<BackupReport>;
  /**
   * Fills an empty store from a backup of the same kind, all of it or nothing.
   *
   * @throws AppError INVALID_INPUT (no backup, cut off or damaged), STORE_NEWER, UNSUPPORTED (a
   *   backup of another kind of store), CONFIRMATION_NEEDED (the store is not empty)
   */
  restore(path: string, options?: RestoreOptions): Promise<RestoreReport>;
  /** Says what retention would remove, or removes it. */
  prune(request: PruneRequest): Promise<PruneReport>;
  /** How rows are taken out of this store and put into it, for copies between kinds of store. */
  transfer(): Promise<Transfer>;
  /** The shared queries' way in, with the rights of the one who keeps the store, for a tenant. */
  database(tenant?: string): Promise<StoreDatabase>;
}
