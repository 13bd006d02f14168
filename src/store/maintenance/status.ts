import {
  type AppliedMigration,
  isBeforeBaseline,
  type Migration,
  pendingMigrations,
} from '../../database/migrate.ts';
import { AppError } from '../../errors.ts';

/** A migration that was applied or would be. */
export interface MigrationStep {
  readonly version: number;
  readonly description: string;
}

/**
 * `missing`: no such file; `empty`: no tables yet; `older`: migrations are pending; `incomplete`:
 * the queue, its role or its grants are missing; `newer`: made by a newer Portolan; `edited`: made
 * by different migrations.
 */
export type StoreState =
  'current' | 'missing' | 'empty' | 'older' | 'incomplete' | 'newer' | 'edited';

/** Facts about a store of any version. */
export interface StoreStatus {
  readonly kind: 'sqlite' | 'postgres';
  readonly location: string;
  readonly state: StoreState;
  /** The last migration applied; 0 for none. */
  readonly version: number;
  /** The last migration known to this program. */
  readonly latest: number;
  readonly pending: readonly MigrationStep[];
  /** Why it cannot be used, or what is incomplete; null for other states that `migrate` fixes. */
  readonly problem: string | null;
  /** Name and version of the database engine. */
  readonly engine: string;
  readonly bytes: number;
  readonly tenants: readonly string[];
  readonly scans: number;
}

/** Compares the migrations applied to a store with those of this program. */
export function migrationState(
  location: string,
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): Pick<StoreStatus, 'state' | 'version' | 'latest' | 'pending' | 'problem'> {
  const version = applied.at(-1)?.version ?? 0;
  const latest = migrations.at(-1)?.version ?? 0;
  try {
    const pending = pendingMigrations(location, migrations, applied).map(stepOf);
    const state = version === 0 ? 'empty' : pending.length > 0 ? 'older' : 'current';
    return { state, version, latest, pending, problem: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const state = error.code === 'STORE_NEWER' ? 'newer' : 'edited';
    return { state, version, latest, pending: [], problem: error.message };
  }
}

function stepOf({ version, description }: Migration): MigrationStep {
  return { version, description };
}

/**
 * Throws unless the store is up to date.
 *
 * @throws AppError NOT_FOUND, STORE_OLDER, STORE_NEWER, MIGRATION_EDITED
 */
export function assertCurrent(
  location: string,
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): void {
  if (pendingMigrations(location, migrations, applied).length === 0) return;
  throw applied.length === 0
    ? new AppError('NOT_FOUND', `${location} holds no store yet: "portolan db migrate" creates one`)
    : new AppError(
        'STORE_OLDER',
        `${location} was made by an older Portolan: "portolan db migrate" upgrades it`,
      );
}

/**
 * {@link assertCurrent} for the source of a copy, which may also have the last development version:
 * its tables equal the baseline's.
 *
 * @param lastDevelopment the last migration of that version
 */
export function assertCopyable(lastDevelopment: number): typeof assertCurrent {
  return (location, migrations, applied) => {
    if (!isBeforeBaseline(migrations, applied)) {
      assertCurrent(location, migrations, applied);
    } else if (applied.at(-1)?.version !== lastDevelopment) {
      throw new AppError(
        'STORE_OLDER',
        `${location} was made by an early development version of Portolan: open it with the last ` +
          'one, which upgrades it, then copy it',
      );
    }
  };
}
