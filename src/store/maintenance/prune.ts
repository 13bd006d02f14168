import { AppError } from '../../errors.ts';
import { facts } from '../facts/facts.ts';
import type { RowCounts } from './backup.ts';
import type { MaintenanceOptions } from './progress.ts';

/** Tables with the rows of single scans: the only ones that retention touches. */
export const prunable: readonly string[] = [
  'host_scans',
  'port_scans',
  'services',
  ...facts.filter(({ owner }) => owner === 'scan').map(({ table }) => table),
  'scan_units',
];

export interface PruneRequest extends MaintenanceOptions {
  /** Epoch ms; selects scans that ended before it. */
  readonly before: number;
  /** Removes only rows of these tables and keeps the scans; by default all of the scans' rows. */
  readonly tables?: readonly string[];
  /** Whether to keep the rows of `scan_jobs`, with their summaries. */
  readonly keepScans: boolean;
  /** Name or id of a tenant; by default every tenant's scans. */
  readonly tenant?: string;
  /** UUIDs of scans, to select only these. */
  readonly scans?: readonly string[];
  /** Only counts what would be removed. */
  readonly isDryRun: boolean;
}

/** What was removed, or would be. */
export interface PruneReport {
  readonly isDryRun: boolean;
  /** Epoch ms. */
  readonly before: number;
  /** Scans that lose rows. */
  readonly scans: number;
  readonly rows: RowCounts;
  /** Number of scans by tenant id. */
  readonly tenants: Readonly<Record<string, number>>;
  /** Partitions that are dropped as a whole. */
  readonly partitions: readonly string[];
}

/**
 * Parses the tables that a user names for retention.
 *
 * @throws AppError USAGE for a table that is never pruned
 */
export function parsePrunable(names: readonly string[]): string[] {
  return names.map((name) => {
    const table = prunable.find((known) => known === name);
    if (table) return table;
    throw new AppError('USAGE', `"${name}" is never pruned: choose from ${prunable.join(', ')}`);
  });
}
