import { AppError } from '../../errors.ts';
import { facts } from '../facts/facts.ts';
import type { RowCounts } from './backup.ts';
import type { MaintenanceOptions } from './progress.ts';

/** Tables of what single scans saw and did: all that retention ever touches. */
export const prunable: readonly string[] = [
  'host_scans',
  'port_scans',
  'services',
  ...facts.filter(({ owner }) => owner === 'scan').map(({ table }) => table),
  'scan_units',
];

export interface PruneRequest extends MaintenanceOptions {
  /** Epoch ms: scans that ended before it are meant. */
  readonly before: number;
  /** Only rows of these tables, the scans themselves stay; without them all of the scans' rows. */
  readonly tables?: readonly string[];
  /** Whether the rows of `scan_jobs` stay, with their summaries. */
  readonly keepScans: boolean;
  /** Name or id of the only tenant that is meant; every tenant's scans without one. */
  readonly tenant?: string;
  /** UUIDs of the only scans that are meant. */
  readonly scans?: readonly string[];
  /** Only says what would go. */
  readonly isDryRun: boolean;
}

/** What went, or would go. */
export interface PruneReport {
  readonly isDryRun: boolean;
  /** Epoch ms. */
  readonly before: number;
  /** Scans whose rows go. */
  readonly scans: number;
  readonly rows: RowCounts;
  /** How many of the scans are whose, by the id of the tenant. */
  readonly tenants: Readonly<Record<string, number>>;
  /** Partitions that go as a whole. */
  readonly partitions: readonly string[];
}

/**
 * The tables that a user names for retention.
 *
 * @throws AppError USAGE for one that is never pruned
 */
export function parsePrunable(names: readonly string[]): string[] {
  return names.map((name) => {
    const table = prunable.find((known) => known === name);
    if (table) return table;
    throw new AppError(
      'USAGE',
      `rows of "${name}" are never pruned: only those of ${prunable.join(', ')}`,
    );
  });
}
