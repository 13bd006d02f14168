import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  isBeforeBaseline,
  loadMigrations,
  migrate,
  pendingMigrations,
} from '../../../database/migrate.ts';
import { firstRow } from '../../../database/rows.ts';
import { AppError, messageOf, systemCode } from '../../../errors.ts';
import type { RestoreOptions, RestoreReport } from '../../maintenance/backup.ts';
import { backupKind, notABackup } from '../../maintenance/backup-kind.ts';
import { postgresMigrationDriver } from '../migration-driver.ts';
import { migrationFolder } from '../open.ts';
import { completeStore } from '../queue-schema.ts';
import { type Session, withClient } from '../session.ts';
import { transaction } from '../transaction.ts';
import { drained } from '../staging.ts';
import { type BackupHeader, type BackupPiece, readBackup } from './backup-format.ts';
import { sequenceStatements } from './backup.ts';
import { postgresStatus } from './status.ts';
import { type PostgresTable, postgresTables, quoted } from './tables.ts';

/**
 * Restores a backup in one transaction. A new database first gets the tables of the backup's
 * version and is brought up to date at the end, with its queue.
 */
export function restoreServer(
  session: Session,
  name: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const path = resolve(name);
  return withClient(session, async (client) => {
    await assertBackup(path);
    const pieces = readBackup(path);
    try {
      const first = await pieces.next();
      if (first.done || first.value.kind !== 'header') throw notABackup(path, 'it has no header');
      const { header } = first.value;
      await prepareTables(client, session.location, { path, header });
      const rows = await transaction(client, () =>
        fill(client, pieces, { path, header, location: session.location, options }),
      );
      const driver = postgresMigrationDriver(client, session.location);
      await migrate(driver, await loadMigrations(migrationFolder));
      await completeStore(session, client);
      return { rows, version: header.migrations.at(-1)?.version ?? 0 };
    } finally {
      await pieces.return(undefined);
    }
  });
}

async function assertBackup(path: string): Promise<void> {
  const kind = await backupKind(path);
  if (kind === 'postgres') return;
  throw kind === 'sqlite'
    ? new AppError(
        'UNSUPPORTED',
        `${path} is a SQLite store: copy it with "portolan db copy ${path} postgres://…"`,
      )
    : notABackup(path, 'it is neither a SQLite file nor a backup of a PostgreSQL store');
}

/** Ensures that the store's tables match those of the backup. */
async function prepareTables(
  client: pg.ClientBase,
  location: string,
  { path, header }: { path: string; header: BackupHeader },
): Promise<void> {
  const migrations = await loadMigrations(migrationFolder);
  if (isBeforeBaseline(migrations, header.migrations)) {
    throw new AppError(
      'STORE_OLDER',
      `${path} is a backup of a development version of Portolan: restore it with that version, then ` +
        'copy the store with "portolan db copy"',
    );
  }
  const later = new Set(pendingMigrations(path, migrations, header.migrations));
  const { version } = await postgresStatus(client, location, { mustBeUsable: true });
  const driver = postgresMigrationDriver(client, location);
  if (version === 0) {
    await migrate(
      driver,
      migrations.filter((migration) => !later.has(migration)),
    );
    return;
  }
  const applied = new Set((await driver.applied()).map((each) => each.version));
  const own = header.migrations.map((each) => each.version);
  if (applied.size === own.length && own.every((each) => applied.has(each))) return;
  throw new AppError(
    'UNSUPPORTED',
    `${location} has other migrations (up to ${version}) than the backup (up to ` +
      `${own.at(-1) ?? 0}): restore into a new database, which is then brought up to date`,
  );
}

interface Filling {
  readonly path: string;
  readonly header: BackupHeader;
  readonly location: string;
  readonly options: RestoreOptions;
}

async function fill(
  client: pg.ClientBase,
  pieces: AsyncIterable<BackupPiece>,
  { path, header, location, options }: Filling,
): Promise<Record<string, number>> {
  const tables = await postgresTables(client);
  await client.query('SET LOCAL ROLE portolan_maintenance');
  if (!options.replace) await assertEmpty(client, tables, location);
  await client.query('RESET ROLE');
  await client.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
  await client.query('SET LOCAL ROLE portolan_maintenance');
  for (const month of header.months) {
    await client.query('SELECT ensure_partitions(uuid_at($1::timestamptz))', [`${month}Z`]);
  }
  const wanted = await copyTables(client, pieces, { path, tables, options });
  const counted = await verify(client, { path, tables, wanted });
  const sequences = await sequenceStatements(client, tables);
  await client.query('RESET ROLE');
  for (const statement of sequences) await client.query(statement);
  // The materialized summaries derive from other tables; their owner refreshes them.
  await client.query('SET LOCAL ROLE portolan_maintenance');
  for (const view of ['host_summary', 'network_summary']) {
    await client.query(`REFRESH MATERIALIZED VIEW portolan_private.${view}`);
  }
  return counted;
}

/** Tables that a new store fills itself. */
const mayHaveRows = new Set(['tenants', 'settings', 'audit_log', 'audit_heads']);

async function assertEmpty(
  client: pg.ClientBase,
  tables: readonly PostgresTable[],
  location: string,
): Promise<void> {
  for (const { name } of tables) {
    if (mayHaveRows.has(name)) continue;
    const { rowCount } = await client.query(`SELECT 1 FROM ${name} LIMIT 1`);
    if (rowCount === 0) continue;
    throw new AppError(
      'CONFIRMATION_NEEDED',
      `${location} is not empty (${name} has rows): restore into a new database, or pass --replace to ` +
        'delete its contents',
    );
  }
}

/** @returns the number of rows per table, from the end of the backup */
async function copyTables(
  client: pg.ClientBase,
  pieces: AsyncIterable<BackupPiece>,
  {
    path,
    tables,
    options,
  }: { path: string; tables: readonly PostgresTable[]; options: RestoreOptions },
): Promise<Readonly<Record<string, number>>> {
  let copy: Copy | undefined;
  let count = 0;
  let wanted: Readonly<Record<string, number>> = {};
  try {
    for await (const piece of pieces) {
      options.signal?.throwIfAborted();
      if (piece.kind === 'table') {
        options.onProgress?.({ what: piece.name, done: count++, total: tables.length });
        copy = begin(client, target(path, tables, piece));
      } else if (piece.kind === 'rows') {
        if (copy) await send(copy.stream, piece.data);
      } else if (piece.kind === 'end') {
        if (copy) await end(path, copy);
        copy = undefined;
      } else if (piece.kind === 'trailer') wanted = piece.trailer.rows;
    }
  } catch (error) {
    // The server waits for more rows, so end the COPY.
    copy?.stream.destroy();
    await copy?.done.catch(() => undefined);
    throw error;
  }
  return wanted;
}

interface Copy {
  readonly stream: Writable;
  readonly done: Promise<void>;
}

async function end(path: string, { stream, done }: Copy): Promise<void> {
  if (!stream.destroyed) stream.end();
  await done.catch((error: unknown) => {
    throw /^2[23]/.test(systemCode(error) ?? '')
      ? notABackup(path, `a row is invalid (${messageOf(error)})`, error)
      : error;
  });
}

/** Looks up the table and columns named in a file, so that no other text reaches a statement. */
function target(
  path: string,
  tables: readonly PostgresTable[],
  { name, columns }: { name: string; columns: readonly string[] },
): string {
  const table = tables.find((each) => each.name === name);
  const missing = columns.find((column) => !table?.columns.some((each) => each.name === column));
  if (!table || missing !== undefined) {
    throw notABackup(path, `the store has no "${name}"${table ? `.${missing}` : ''}`);
  }
  return `${table.name} (${columns.map(quoted).join(', ')})`;
}

function begin(client: pg.ClientBase, into: string): Copy {
  const stream: Writable = client.query(copyFrom(`COPY ${into} FROM STDIN`));
  const done = finished(stream);
  // Awaited at the end of the rows, even if the stream fails earlier.
  done.catch(() => undefined);
  return { stream, done };
}

async function send(stream: Writable, data: Buffer): Promise<void> {
  if (stream.destroyed || stream.write(data)) return;
  await drained(stream);
}

async function verify(
  client: pg.ClientBase,
  {
    path,
    tables,
    wanted,
  }: {
    path: string;
    tables: readonly PostgresTable[];
    wanted: Readonly<Record<string, number>>;
  },
): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const { name } of tables) {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*) AS n FROM ${name}`);
    counted[name] = firstRow(rows).n;
    if (counted[name] === (wanted[name] ?? 0)) continue;
    throw notABackup(
      path,
      `${name} has ${counted[name]} restored rows, but the backup has ${wanted[name] ?? 0}`,
    );
  }
  return counted;
}
