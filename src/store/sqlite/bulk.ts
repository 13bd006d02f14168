import type { DatabaseSync } from '../../database/driver.ts';

/** Ports of a batch from which the constraints cost more than compiling its statements anew. */
const bulkPorts = 1000;

/**
 * Runs the writing of a batch; of a large one, without SQLite's check of each row's constraints,
 * which take a third of the time: what goes into such columns are words of the very lists that
 * they repeat, numbers of typed arrays, and keys of rows that the same transaction has read or
 * written. `db check` looks at all of it.
 *
 * @param work a transaction: the settings change only between two
 */
export function inBulk<T>(db: DatabaseSync, ports: number, work: () => T): T {
  if (ports < bulkPorts) return work();
  db.exec('PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON');
  try {
    return work();
  } finally {
    db.exec('PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = OFF');
  }
}
