import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { firstRow } from '../../../database/rows.ts';
import { AppError } from '../../../errors.ts';
import type { BackupReport } from '../../maintenance/backup.ts';
import { fileError } from '../../maintenance/file-error.ts';
import type { MaintenanceOptions } from '../../maintenance/progress.ts';
import { postgresMigrationDriver } from '../migration-driver.ts';
import { backupFormat, type BackupHeader, type BackupTrailer } from './backup-format.ts';
import type { Server } from './server.ts';
import { columnList, type PostgresTable, postgresTables } from './tables.ts';

/**
 * Writes a consistent snapshot of every tenant's rows to a file that is renamed once complete.
 * Scans may keep running.
 */
export async function backUpServer(
  server: Server,
  name: string,
  options: MaintenanceOptions = {},
): Promise<BackupReport> {
  const target = resolve(name);
  const part = `${target}.part`;
  await assertNew(target);
  try {
    const rows = await server.asMaintenance(async (client) => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const counts: Record<string, number> = {};
      await writePacked(
        part,
        withChecksum(backupText(client, { server, counts, options }), counts),
        options.signal,
      );
      return counts;
    });
    await rename(part, target);
    return { path: target, bytes: statSync(target).size, rows };
  } catch (error) {
    await rm(part, { force: true });
    throw fileError(error, target);
  }
}

async function assertNew(target: string): Promise<void> {
  if (existsSync(target)) {
    throw new AppError(
      'STORE_UNWRITABLE',
      `${target} already exists: a backup does not overwrite files; name another one`,
    );
  }
  await mkdir(dirname(target), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, target);
  });
}

/** Readable only by its owner; with the checksum that `zstd --test` verifies. */
async function writePacked(
  part: string,
  text: AsyncIterable<Buffer | string>,
  signal?: AbortSignal,
): Promise<void> {
  await rm(part, { force: true });
  const pack = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const file = createWriteStream(part, { flags: 'wx', mode: 0o600 });
  await pipeline(Readable.from(text), pack, file, signal ? { signal } : {});
}

interface Backup {
  readonly server: Server;
  readonly counts: Record<string, number>;
  readonly options: MaintenanceOptions;
}

async function* backupText(
  client: pg.ClientBase,
  { server, counts, options: { onProgress, signal } }: Backup,
): AsyncGenerator<Buffer | string> {
  const header = await headerOf(client, server.location);
  const { rows: own } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const stop = (): Promise<unknown> =>
    server.pool.query('SELECT pg_cancel_backend($1)', [firstRow(own).pid]);
  yield (
    '-- A backup of a Portolan store. "portolan db restore" reads it; so does psql, into an\n' +
    '-- empty store with the same migrations, as a member of portolan_maintenance who owns it.\n' +
    `-- ${JSON.stringify(header)}\n` +
    "BEGIN;\nSET LOCAL datestyle = 'ISO';\nSET LOCAL ROLE portolan_maintenance;\n" +
    'DELETE FROM settings;\nDELETE FROM tenants;\n'
  );
  for (const month of header.months) yield `SELECT ensure_partitions(uuid_at('${month}Z'));\n`;
  const tables = await postgresTables(client);
  for (const [done, table] of tables.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ what: table.name, done, total: tables.length });
    yield `\nCOPY ${table.name} (${columnList(table.columns)}) FROM stdin;\n`;
    let rows = 0;
    for await (const chunk of rowsOf(client, table, stop)) {
      rows += countLines(chunk);
      yield chunk;
    }
    counts[table.name] = rows;
    yield '\\.\n';
  }
  yield '\nRESET ROLE;\n';
  for (const statement of await sequenceStatements(client, tables)) yield `${statement};\n`;
  yield 'COMMIT;\n';
}

/** The text, followed by a comment with its row counts and checksum. */
async function* withChecksum(
  text: AsyncIterable<Buffer | string>,
  rows: Readonly<Record<string, number>>,
): AsyncGenerator<Buffer | string> {
  const hash = createHash('sha256');
  for await (const chunk of text) {
    hash.update(chunk);
    yield chunk;
  }
  const trailer: BackupTrailer = { rows, sha256: hash.digest('hex') };
  yield `-- ${JSON.stringify(trailer)}\n`;
}

async function headerOf(client: pg.ClientBase, location: string): Promise<BackupHeader> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version') AS version",
  );
  const months = await client.query<{ month: string }>(
    `SELECT DISTINCT replace(right(c.relname, 7), '_', '-') || '-01' AS month
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE c.relkind = 'r' AND c.relname ~ '_\\d{4}_\\d{2}$' ORDER BY 1`,
  );
  return {
    format: backupFormat,
    version: 1,
    created_at: new Date().toISOString(),
    engine: `PostgreSQL ${firstRow(rows).version}`,
    migrations: [...(await postgresMigrationDriver(client, location).applied())],
    months: months.rows.map(({ month }) => month),
  };
}

/**
 * A table's rows in COPY's text format, one line per row. If the reader stops early, for example
 * because the disk is full, the query is cancelled: until the server has finished, the connection
 * cannot be used.
 */
async function* rowsOf(
  client: pg.ClientBase,
  table: PostgresTable,
  stop: () => Promise<unknown>,
): AsyncGenerator<Buffer> {
  const list = columnList(table.columns);
  const stream = client.query(copyTo(`COPY (SELECT ${list} FROM ${table.name}) TO STDOUT`));
  let isWhole = false;
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
    isWhole = true;
  } finally {
    if (!isWhole) {
      const ended = finished(stream).catch(() => undefined);
      stream.resume();
      await stop();
      await ended;
    }
  }
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}

/** Identity columns continue after the last number used. */
export async function sequenceStatements(
  client: pg.ClientBase,
  tables: readonly PostgresTable[],
): Promise<string[]> {
  const statements: string[] = [];
  for (const { name, columns } of tables) {
    for (const { name: column } of columns.filter(({ isIdentity }) => isIdentity)) {
      const { rows } = await client.query<{ last: number }>(
        `SELECT coalesce(max(${column}), 0) AS last FROM ${name}`,
      );
      const { last } = firstRow(rows);
      const sequence = `pg_get_serial_sequence('${name}', '${column}')`;
      statements.push(`SELECT setval(${sequence}, ${Math.max(last, 1)}, ${last > 0})`);
    }
  }
  return statements;
}
