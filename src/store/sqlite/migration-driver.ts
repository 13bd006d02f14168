import type { AppliedMigration, Migration, MigrationDriver } from '../../database/migrate.ts';
import { retryBusy } from '../../database/busy.ts';
import type { DatabaseSync } from '../../database/driver.ts';
import { transaction } from '../../database/transaction.ts';

const createTable = `CREATE TABLE IF NOT EXISTS migrations (
  version INTEGER PRIMARY KEY,
  description TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  checksum TEXT NOT NULL
) STRICT`;

/** Migrations of a SQLite database. */
export function sqliteMigrationDriver(db: DatabaseSync, name: string): MigrationDriver {
  return {
    name,
    applied: () => retryBusy(() => readApplied(db)),
    apply: (migration) => retryBusy(() => apply(db, migration)),
  };
}

function readApplied(db: DatabaseSync): AppliedMigration[] {
  const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get();
  if (!table) return [];
  return db
    .prepare('SELECT version, description, checksum FROM migrations ORDER BY version')
    .all<AppliedMigration>();
}

function apply(db: DatabaseSync, migration: Migration): boolean {
  if (migration.isTransactional) {
    return transaction(db, () => {
      if (!claim(db, migration)) return false;
      db.exec(migration.sql);
      return true;
    });
  }
  if (!transaction(db, () => claim(db, migration))) return false;
  try {
    db.exec(migration.sql);
  } catch (error) {
    db.prepare('DELETE FROM migrations WHERE version = ?').run(migration.version);
    throw error;
  }
  return true;
}

function claim(db: DatabaseSync, { version, description, checksum }: Migration): boolean {
  db.exec(createTable);
  const insert = db.prepare('INSERT INTO migrations VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  return insert.run(version, description, Date.now(), checksum).changes === 1;
}
