import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { AppError } from '../errors.ts';

/** A numbered file of plain SQL, or a numbered folder of such files that belong together. */
export interface Migration {
  readonly version: number;
  readonly description: string;
  /** SHA-256 of the SQL, hex. */
  readonly checksum: string;
  readonly sql: string;
  /** False if the first line is `-- portolan: no transaction`. */
  readonly isTransactional: boolean;
}

/** A migration as recorded in a database. */
export interface AppliedMigration {
  readonly version: number;
  readonly description: string;
  readonly checksum: string;
}

/** The database interface of {@link migrate}, and the only part that depends on a dialect. */
export interface MigrationDriver {
  /** Names the database in messages. */
  readonly name: string;
  /** Every applied migration; none in a new database. */
  applied(): Promise<readonly AppliedMigration[]>;
  /**
   * Inserts the version's row first to detect a race: if another process already has, it returns
   * false and runs nothing. Otherwise it runs the SQL. A transactional migration and its row are
   * committed together or not at all; any other migration's row is removed if its SQL fails.
   */
  apply(migration: Migration): Promise<boolean>;
}

const entryName = /^(?<version>\d{4})_(?<description>[a-z0-9_-]+)(\.sql)?$/;

/**
 * The migrations of a folder, in order. An entry is a file, or a folder whose files run in name
 * order as one migration.
 */
export async function loadMigrations(folder: URL): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const migrations = await Promise.all(
    entries.map(async (entry) => {
      const { version, description } = entryName.exec(entry.name)?.groups ?? {};
      if (version === undefined || description === undefined) return [];
      const sql = await readSql(new URL(entry.name, folder), entry.isDirectory());
      return {
        version: Number(version),
        description: description.replaceAll(/[_-]/g, ' '),
        checksum: createHash('sha256').update(sql).digest('hex'),
        sql,
        isTransactional: !/^-- portolan: no transaction\s*$/m.test(sql.split('\n', 1)[0] ?? ''),
      };
    }),
  );
  const sorted = migrations.flat().sort((a, b) => a.version - b.version);
  if (new Set(sorted.map(({ version }) => version)).size < sorted.length) {
    throw new TypeError(`two migrations have the same version in ${folder.pathname}`);
  }
  return sorted;
}

async function readSql(url: URL, isFolder: boolean): Promise<string> {
  if (!isFolder) return readFile(url, 'utf8');
  const names = (await readdir(url)).filter((name) => name.endsWith('.sql')).sort();
  const texts = names.map((name) => readFile(new URL(`${url.href}/${name}`), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

/**
 * Brings a database up to date. Any number of processes may do so at once: each file is applied by
 * one of them, and all succeed.
 *
 * @returns the number of migrations that this call applied
 * @throws AppError STORE_NEWER if the database has a migration that this program lacks;
 *   MIGRATION_EDITED if a file differs from the applied one; STORE_OLDER if the database predates
 *   the baseline
 */
export async function migrate(
  driver: MigrationDriver,
  migrations: readonly Migration[],
): Promise<number> {
  let count = 0;
  for (;;) {
    const next = pendingMigrations(driver.name, migrations, await driver.applied())[0];
    if (!next) return count;
    if (await driver.apply(next)) count++;
  }
}

/** Checks the applied migrations and returns the missing ones. */
export function pendingMigrations(
  name: string,
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): Migration[] {
  if (isBeforeBaseline(migrations, applied)) {
    throw new AppError(
      'STORE_OLDER',
      `${name} was made by a development version of Portolan, whose migrations were replaced: ` +
        `"portolan db copy ${name} NEW" copies it into a new store`,
    );
  }
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const { version, description, checksum } of applied) {
    const migration = known.get(version);
    if (!migration) {
      throw new AppError(
        'STORE_NEWER',
        `${name} was written by a newer Portolan (migration ${version}, "${description}", is ` +
          'unknown here): upgrade this one, or open another store',
      );
    }
    if (migration.checksum !== checksum) {
      throw new AppError(
        'MIGRATION_EDITED',
        `migration ${version} ("${description}") differs from the one applied to ${name}: ` +
          'restore the file as it was released, and put the change into a new migration',
      );
    }
  }
  const done = new Set(applied.map(({ version }) => version));
  return migrations.filter(({ version }) => !done.has(version));
}

/** Whether a database was created by the migrations that the baseline replaced. */
export function isBeforeBaseline(
  [baseline]: readonly Migration[],
  [first]: readonly AppliedMigration[],
): boolean {
  return (
    first !== undefined &&
    first.version === baseline?.version &&
    first.description !== baseline.description
  );
}
