import { statSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { type DatabaseSync, storeError } from '../database/driver.ts';
import { change, checkMigrations, type Registry } from './registry.ts';

/** How many days `prune` keeps rows. */
const keptDays = { history: 365, scans: 7 } as const;

/** The result of one check. */
interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Checks the registry's file (integrity, foreign keys, migrations, mode), then compacts it and renews
 * the planner's statistics. A damaged file is only checked.
 *
 * @param options.prune also deletes history older than a year and scans older than a week
 */
export async function examine(
  registry: Registry,
  { prune = false }: { readonly prune?: boolean } = {},
): Promise<DoctorCheck[]> {
  const { db, path } = registry;
  const integrity = checkOf('integrity', checkIntegrity(db));
  const checks = [
    integrity,
    checkOf('foreign keys', checkForeignKeys(db)),
    await attempt(path, 'migrations', () => checkMigrations(db, path)),
    checkMode(path),
  ];
  if (!integrity.ok) return checks;
  if (prune) checks.push({ name: 'prune', ok: true, detail: pruneOld(registry) });
  return [
    ...checks,
    await attempt(path, 'vacuum', () => db.exec('VACUUM')),
    await attempt(path, 'analyze', () => db.exec('ANALYZE')),
    { name: 'size', ok: true, detail: `${statSync(path).size} bytes` },
  ];
}

function checkOf(name: string, detail: string): DoctorCheck {
  return { name, ok: detail === 'ok', detail };
}

async function attempt(path: string, name: string, work: () => unknown): Promise<DoctorCheck> {
  try {
    await work();
    return { name, ok: true, detail: 'ok' };
  } catch (error) {
    return { name, ok: false, detail: messageOf(storeError(error, path)) };
  }
}

/** SQLite's own check of a file: `ok`, or what is damaged. */
function checkIntegrity(db: DatabaseSync): string {
  const rows = db.prepare('PRAGMA integrity_check').all<{ integrity_check: string }>();
  return rows.map((row) => row.integrity_check).join('; ');
}

function checkForeignKeys(db: DatabaseSync): string {
  const { length } = db.prepare('PRAGMA foreign_key_check').all();
  return length === 0 ? 'ok' : `${length} rows point nowhere`;
}

function checkMode(path: string): DoctorCheck {
  const mode = statSync(path).mode & 0o777;
  const ok = process.platform === 'win32' || (mode & 0o077) === 0;
  return { name: 'mode', ok, detail: `0${mode.toString(8)}` };
}

function pruneOld(registry: Registry): string {
  const deleteOld = (table: string, column: string, days: number): number | bigint =>
    registry.db
      .prepare(`DELETE FROM ${table} WHERE julianday('now') - julianday(${column}) > ?`)
      .run(days).changes;
  return change(registry, {}, () => {
    const history = deleteOld('port_history', 'performedAt', keptDays.history);
    const scans = deleteOld('active_scans', 'scannedAt', keptDays.scans);
    return `${history} rows of history, ${scans} of scans deleted`;
  });
}
