import { statSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { storeError } from '../database/driver.ts';
import { change, checkMigrations, type Registry } from './registry.ts';

/** How many days `prune` keeps rows. */
const keptDays = { history: 365, scans: 7 } as const;

/** The result of one check. */
export interface DoctorCheck {
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
  { prune = false }: { prune?: boolean } = {},
): Promise<DoctorCheck[]> {
  const integrity = checkIntegrity(registry);
  const checks = [
    integrity,
    checkForeignKeys(registry),
    await checkMigrationFiles(registry),
    checkMode(registry),
  ];
  if (!integrity.ok) return checks;
  if (prune) checks.push(pruneOld(registry));
  checks.push(run(registry, 'vacuum', 'VACUUM'), run(registry, 'analyze', 'ANALYZE'));
  const { size } = statSync(registry.path);
  return [...checks, { name: 'size', ok: true, detail: `${size} bytes` }];
}

function checkIntegrity({ db }: Registry): DoctorCheck {
  const rows = db.prepare('PRAGMA integrity_check').all<{ integrity_check: string }>();
  const detail = rows.map((row) => row.integrity_check).join('; ');
  return { name: 'integrity', ok: detail === 'ok', detail };
}

function checkForeignKeys({ db }: Registry): DoctorCheck {
  const rows = db.prepare('PRAGMA foreign_key_check').all();
  const detail = rows.length === 0 ? 'ok' : `${rows.length} rows point nowhere`;
  return { name: 'foreign keys', ok: rows.length === 0, detail };
}

async function checkMigrationFiles({ db, path }: Registry): Promise<DoctorCheck> {
  try {
    await checkMigrations(db, path);
    return { name: 'migrations', ok: true, detail: 'ok' };
  } catch (error) {
    return { name: 'migrations', ok: false, detail: messageOf(error) };
  }
}

function checkMode({ path }: Registry): DoctorCheck {
  const mode = statSync(path).mode & 0o777;
  const ok = process.platform === 'win32' || (mode & 0o077) === 0;
  return { name: 'mode', ok, detail: `0${mode.toString(8)}` };
}

function pruneOld(registry: Registry): DoctorCheck {
  const { db } = registry;
  const deleted = change(registry, {}, () => {
    const history = db
      .prepare("DELETE FROM port_history WHERE julianday('now') - julianday(performedAt) > ?")
      .run(keptDays.history);
    const scans = db
      .prepare("DELETE FROM active_scans WHERE julianday('now') - julianday(scannedAt) > ?")
      .run(keptDays.scans);
    return { history: history.changes, scans: scans.changes };
  });
  const detail = `${deleted.history} rows of history, ${deleted.scans} of scans deleted`;
  return { name: 'prune', ok: true, detail };
}

function run({ db, path }: Registry, name: string, sql: string): DoctorCheck {
  try {
    db.exec(sql);
    return { name, ok: true, detail: 'ok' };
  } catch (error) {
    return { name, ok: false, detail: messageOf(storeError(error, path)) };
  }
}
