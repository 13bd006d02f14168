import type { MaintenanceOptions } from './progress.ts';

/** A problem that `check` found. */
export interface Problem {
  readonly code:
    | 'damaged'
    | 'incomplete'
    | 'dangling'
    | 'orphans'
    | 'stuck_scan'
    | 'file_mode'
    | 'missing_partition'
    | 'default_partition'
    | 'row_security'
    | 'invalid_index'
    | 'summary_incomplete';
  /** A fault needs repair; a note may be intentional. */
  readonly severity: 'fault' | 'note';
  /** The affected table, index, partition or scan. */
  readonly object: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Whether `--fix` repairs it. */
  readonly isFixable: boolean;
  /** Whether this check repaired it. */
  readonly isFixed: boolean;
}

export interface CheckOptions extends MaintenanceOptions {
  readonly fix: boolean;
}

/** Reports a problem and, with `fix`, repairs it where that is possible. */
export async function found(
  problem: Omit<Problem, 'isFixable' | 'isFixed'>,
  { fix, repair }: { fix: boolean; repair?: () => Promise<boolean> | boolean },
): Promise<Problem> {
  const isFixed = fix && repair !== undefined ? await repair() : false;
  return { ...problem, isFixable: repair !== undefined, isFixed };
}
