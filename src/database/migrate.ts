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
  /** False where the first line says `-- portolan: no transaction`. */
  readonly isTransactional: boolean;
}

/** What a database recorded about a migration. */
export interface AppliedMigration {
  readonly version: number;
  readonly description: string;
  readonly checksum: string;
}

/** What {@link migrate} needs of a database: the only part that knows a dialect. */
export interface MigrationDriver {
  /** Names the database in messages. */
  readonly name: string;
  /** Every applied migration; none where the database is new. */
  applied(): Promise<readonly AppliedMigration[]>;
  /**
   * Inserts the version's row first, so that a race shows: where another process has it already,
   * returns false and runs nothing. Otherwise runs the SQL; a transactional migration and its row
   * are committed together or not at all, another one's row is removed when its SQL fails.
   */
  apply(migration: Migration): Promise<boolean>;
}

const entryName = /^(?<version>\d{4})_(?<description>[a-z0-9_-]+)(\.sql)?$/;

/**
 * The migrations of a folder, in order. An entry is a file, or a folder whose files are run in the
 * order of their names as one migration.
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
    throw new TypeError(`two migrations of one version in ${folder.pathname}`);
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
 * Brings a database up to date. Any number of processes may do so at once: one applies each file,
 * all succeed.
 *
 * @returns the number of migrations that this call applied
 * @throws AppError STORE_NEWER where the database has had a migration that this program lacks;
 *   MIGRATION_EDITED where a file is not the one that was applied; STORE_OLDER where the database
 *   was made before there was a baseline
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

/** The migrations that a database still lacks, once those it has had are checked. */
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
        `migration ${version} ("${description}") is not the one that ${name} was made with: ` +
          'restore the file as it was released, and put the change into a new migration',
      );
    }
  }
  const done = new Set(applied.map(({ version }) => version));
  return migrations.filter(({ version }) => !done.has(version));
}

/** Whether a database was made by the migrations that the baseline replaced. */
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
