import type { DatabaseSync } from '../../database/driver.ts';

/** Batch size from which the constraints cost more than recompiling the statements. */
const bulkPorts = 1000;

/**
 * Writes a batch; a large one without SQLite's constraint checks, which take a third of the time.
 * The values are words from the same lists, numbers from typed arrays, and keys of rows that this
 * transaction read or wrote. `db check` verifies all of it.
 *
 * @param work a transaction, because the settings can change only outside one
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
