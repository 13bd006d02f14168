import { retryBusy } from '../database/busy.ts';
import type { DatabaseSync } from '../database/driver.ts';
import type { AppliedMigration, Migration, MigrationDriver } from '../database/migrate.ts';
import { transaction } from '../database/transaction.ts';

/** As in the Port Keeper document: versions are text. */
const createTable = `CREATE TABLE IF NOT EXISTS migrations (
    id INTEGER PRIMARY KEY,
    version TEXT NOT NULL UNIQUE,
    description TEXT,
    appliedAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    checksum TEXT
)`;

/** Migrations of a port registry; each runs in a transaction. */
export function registryMigrationDriver(db: DatabaseSync, name: string): MigrationDriver {
  return {
    name,
    applied: () => retryBusy(() => readApplied(db)),
    apply: (migration) => retryBusy(() => transaction(db, () => apply(db, migration))),
  };
}

function readApplied(db: DatabaseSync): AppliedMigration[] {
  if (!db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get()) return [];
  const rows = db
    .prepare('SELECT version, description, checksum FROM migrations ORDER BY id')
    .all<{ version: string; description: string; checksum: string }>();
  return rows.map((row) => ({ ...row, version: Number(row.version) }));
}

/** Inserts the row first: a second process finds it and runs nothing. */
function apply(db: DatabaseSync, { version, description, checksum, sql }: Migration): boolean {
  db.exec(createTable);
  const insert = db.prepare(
    `INSERT INTO migrations (version, description, checksum) VALUES (?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const text = String(version).padStart(4, '0');
  if (insert.run(text, description, checksum).changes === 0) return false;
  db.exec(sql);
  // Tells the next start that nothing is left to do.
  db.exec(`PRAGMA user_version = ${version}`);
  return true;
}
