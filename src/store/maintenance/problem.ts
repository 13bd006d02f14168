import type { MaintenanceOptions } from './progress.ts';

/** Something that `check` found. */
export interface Problem {
  readonly code:
    | 'damaged'
    | 'dangling'
    | 'orphans'
    | 'stuck_scan'
    | 'file_mode'
    | 'missing_partition'
    | 'default_partition'
    | 'row_security'
    | 'invalid_index'
    | 'summary_incomplete';
  /** A fault is to be mended; a note may be as it should. */
  readonly severity: 'fault' | 'note';
  /** The table, index, partition or scan that has it. */
  readonly object: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Whether `--fix` mends it. */
  readonly isFixable: boolean;
  /** Whether it was mended by this check. */
  readonly isFixed: boolean;
}

export interface CheckOptions extends MaintenanceOptions {
  readonly fix: boolean;
}

/** A problem that was found and, where it can be and is wished, mended. */
export async function found(
  problem: Omit<Problem, 'isFixable' | 'isFixed'>,
  { fix, mend }: { fix: boolean; mend?: () => Promise<boolean> | boolean },
): Promise<Problem> {
  const isFixed = fix && mend !== undefined ? await mend() : false;
  return { ...problem, isFixable: mend !== undefined, isFixed };
}
