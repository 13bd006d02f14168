import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventBatch } from '../../src/core/event-batch.ts';
import type { ScanEvent } from '../../src/core/events.ts';
import { markCrashedJobs } from '../../src/store/scans/crash-detection.ts';
import { completedUnits, findJob } from '../../src/store/scans/find-scan.ts';
import { setJobStatus } from '../../src/store/scans/job-status.ts';
import { loadMigrations, migrate } from '../../src/database/migrate.ts';
import { openDatabase } from '../../src/database/driver.ts';
import { sqliteMigrationDriver } from '../../src/store/sqlite/migration-driver.ts';
import { type Sql, sql } from '../../src/store/sql.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { requirement } from '../environment.ts';
import { newLeased, startLeased } from './lease.ts';

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-file-'));
  path = join(folder, 'store.db');
});

afterEach(() => {
  for (const started of children.splice(0)) started.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const source = (file: string): string =>
  fileURLToPath(new URL(`../../src/store/${file}`, import.meta.url));

const url = (file: string): string => JSON.stringify(pathToFileURL(source(file)));
const imports = `
  import { openSqliteStore } from ${url('sqlite/open.ts')};
  import { endlessUnits } from ${url('../../test/store/lease.ts')};
  import { eventBatch } from ${url('../core/event-batch.ts')};`;

/** A process of its own that runs a module's text, with the store's functions at hand. */
function child(body: string): ChildProcess {
  const text = `
    ${imports}
    ${body}`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(started);
  return started;
}

async function exitOf(ended: ChildProcess): Promise<unknown> {
  if (ended.exitCode !== null) return ended.exitCode;
  const [code] = await once(ended, 'exit');
  return code;
}

function unitEvents(unit: number, ports: number): ScanEvent[] {
  const run_id = 'r';
  const addr = `10.0.${unit >> 8}.${unit & 255}`;
  const found = Array.from({ length: ports }, (_, port): ScanEvent => {
    const seen = { t_first: unit, t_last: unit };
    return { type: 'scan.port', run_id, addr, transport: 'tcp', port, state: 'open', ...seen };
  });
  const range = { unit, first: unit, last: unit, t_start: 0, t_end: unit };
  return [...found, { type: 'run.unit', run_id, ...range, status: 'completed', counts: {} }];
}

/** Writes 20-port units for ever, telling of each that is committed. */
const endlessWriter = `
  const store = await openSqliteStore(process.env.STORE, { create: true });
  for await (const { lease, unit } of endlessUnits(store.database)) {
    const addr = '10.0.' + (unit >> 8) + '.' + (unit & 255);
    const events = [];
    for (let port = 0; port < 20; port++) {
      events.push({ type: 'scan.port', addr, transport: 'tcp', port, state: 'open', t_first: 1, t_last: 1 });
    }
    events.push({ type: 'run.unit', unit, first: unit, last: unit, status: 'completed', t_start: 0, t_end: 1, counts: {} });
    await store.record(lease.job.id, eventBatch(events), { lease });
    process.stdout.write(unit + '\\n');
  }`;

test('kill -9 at any moment loses no committed unit, leaves no half one, and is noticed', async () => {
  for (const units of [1, 7, 23]) {
    const writer = child(endlessWriter.replace('process.env.STORE', JSON.stringify(path)));
    let told = -1;
    for await (const chunk of writer.stdout!) {
      told = Number(String(chunk).trim().split('\n').at(-1));
      if (told >= units) break;
    }
    writer.kill('SIGKILL');
    await exitOf(writer);

    await using store = await openSqliteStore(path);
    const crashed = await markCrashedJobs(store.database);
    expect(crashed).toHaveLength(1);
    const job = await findJob(store.database, 'last');
    expect(job).toMatchObject({ status: 'crashed', is_partial: true });
    expect(job.error_message).toMatch(/is gone/);
    const done = await completedUnits(store.database, job.id);
    expect(done.size).toBeGreaterThan(told);
    expect(done.ranges).toEqual([[0, done.size - 1]]);
    const db = openDatabase(path, { readOnly: true });
    const count = (query: string): unknown => db.prepare(query).get()?.['n'];
    const last = '(SELECT max(id) FROM scan_jobs)';
    expect(count(`SELECT count(*) AS n FROM port_scans WHERE job_id = ${last}`)).toBe(
      20 * done.size,
    );
    expect(count('SELECT integrity_check AS n FROM pragma_integrity_check')).toBe('ok');
    expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    db.close();
  }
});

test('a worker whose job was taken by another writes nothing more', async () => {
  await using store = await openSqliteStore(path, { create: true });
  const first = await newLeased(store.database, 5);
  const { id } = first.job;
  await setJobStatus(store.database, id, 'crashed');
  const again = await setJobStatus(store.database, id, 'pending');
  const second = await startLeased(store.database, again, 5);
  const batch = eventBatch(unitEvents(0, 3));
  expect((await store.record(id, batch, { lease: first })).status).toBe('lost');
  // Nor what belongs to no unit: another program's hosts come before its units are done.
  const loose = eventBatch(unitEvents(0, 3).slice(0, -1));
  expect((await store.record(id, loose, { lease: first })).status).toBe('lost');
  expect((await store.record(id, loose, { lease: second })).status).toBe('recorded');
  expect((await store.record(id, batch, { lease: second })).status).toBe('recorded');
});

test('two processes that write at once both complete', async () => {
  await (await openSqliteStore(path, { create: true })).close();
  const body = endlessWriter
    .replace('process.env.STORE', JSON.stringify(path))
    .replace("process.stdout.write(unit + '\\n');", 'if (unit === 149) break;');
  const writers = [child(body), child(body)];
  expect(await Promise.all(writers.map(exitOf))).toEqual([0, 0]);
  const db = openDatabase(path, { readOnly: true });
  expect(
    db
      .prepare('SELECT count(*) AS n FROM port_scans GROUP BY job_id')
      .all()
      .map((row) => row['n']),
  ).toEqual([3000, 3000]);
  db.close();
});

test('twenty processes that make a store at once make it once, and all succeed', async () => {
  const file = join(folder, 'new', 'deep', 'store.db');
  const body = `await (await openSqliteStore(${JSON.stringify(file)}, { create: true })).close();`;
  const all = Array.from({ length: 20 }, () => child(body));
  expect(await Promise.all(all.map(exitOf))).toEqual(all.map(() => 0));
  const db = openDatabase(file, { readOnly: true });
  const folderOfMigrations = new URL('../../sql/sqlite/', import.meta.url);
  expect(db.prepare('SELECT count(*) AS n FROM migrations').get()?.['n']).toBe(
    (await loadMigrations(folderOfMigrations)).length,
  );
  db.close();
});

/** Permission bits. */
function mode(name: string): number {
  return statSync(name).mode & 0o777;
}

test('only the owner can read a store, and the folder that is made for it', async () => {
  const file = join(folder, 'private', 'store.db');
  await using store = await openSqliteStore(file, { create: true });
  await newLeased(store.database, 1);
  expect(mode(join(folder, 'private'))).toBe(0o700);
  const files = readdirSync(join(folder, 'private')).sort();
  expect(files).toEqual(['store.db', 'store.db-shm', 'store.db-wal']);
  for (const name of files) expect(mode(join(folder, 'private', name))).toBe(0o600);
});

/** A pragma takes no parameter. */
function maxPages(count: number): Sql {
  const text = `PRAGMA max_page_count = ${count}`;
  return sql(Object.assign([text], { raw: [text] }));
}

test('a full disk rolls the unit back with an error, and the store continues once there is space', async () => {
  await using store = await openSqliteStore(path, { create: true });
  const lease = await newLeased(store.database, 2);
  const { job } = lease;
  const options = { lease };
  await store.record(job.id, eventBatch(unitEvents(0, 10)), options);
  const { database } = store;
  const [pages] = await database.query<{ page_count: number }>(sql`PRAGMA page_count`);
  await database.query(maxPages(pages!.page_count));
  const full = store.record(job.id, eventBatch(unitEvents(1, 20_000)), options);
  await expect(full).rejects.toMatchObject({ code: 'STORE_FULL', exitCode: 74 });
  await database.query(maxPages(1_000_000));
  expect((await completedUnits(store.database, job.id)).size).toBe(1);
  const again = await store.record(job.id, eventBatch(unitEvents(1, 20_000)), options);
  expect(again).toMatchObject({ status: 'recorded', portCount: 20_000 });
});

const canMount = requirement(
  'a file system of our own (unshare, mount)',
  process.platform === 'linux' && process.getuid?.() === 0,
  'run the tests as root on Linux',
);

test.runIf(canMount)('a real full file system is reported too', () => {
  const mount = join(folder, 'small');
  mkdirSync(mount);
  // A mount namespace of its own: the file system goes with the process.
  const file = join(mount, 'store.db');
  const script = join(folder, 'fill.mjs');
  const body = endlessWriter.replace('process.env.STORE', JSON.stringify(file));
  writeFileSync(
    script,
    `${imports}
     try { ${body.replaceAll('process.stdout.write', 'void ')} } catch (error) { console.log(error.code); }`,
  );
  const command = `mount -t tmpfs -o size=1500k none ${mount} && ${process.execPath} ${script}`;
  const output = execFileSync('unshare', ['-m', 'sh', '-c', command], { encoding: 'utf8' });
  expect(output.trim()).toBe('STORE_FULL');
});

test('a file that is not a store is rejected, with what it is', async () => {
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  writeFileSync(
    path,
    'This is text, and long enough to be read as a header of a database.'.repeat(9),
  );
  await expect(openSqliteStore(path)).rejects.toThrow(/store\.db: not a SQLite database/);
  const other = join(folder, 'other.db');
  const db = openDatabase(other);
  db.exec('CREATE TABLE bookmarks (url TEXT)');
  db.close();
  await expect(openSqliteStore(other)).rejects.toThrow(/database of another program/);
  const after = openDatabase(other);
  expect(after.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']).toBe(1);
  after.close();
  await expect(openSqliteStore(folder)).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' });
  await expect(openSqliteStore(join(path, 'x.db'), { create: true })).rejects.toMatchObject({
    code: 'STORE_UNWRITABLE',
  });
});

test('a damaged file is distinguished from an intact one', async () => {
  await (await openSqliteStore(path, { create: true })).close();
  const bytes = Buffer.alloc(statSync(path).size, 0xa5);
  const db = openDatabase(path);
  const header = Buffer.from(db.serialize()).subarray(0, 100);
  db.close();
  writeFileSync(path, Buffer.concat([header, bytes.subarray(100)]));
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});

test('a store of a newer program and an edited migration are refused', async () => {
  await (await openSqliteStore(path, { create: true })).close();
  const change = (statement: string): void => {
    const db = openDatabase(path);
    db.exec(statement);
    db.close();
  };
  change("INSERT INTO migrations VALUES (9000, 'from the future', 0, 'x')");
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'STORE_NEWER' });
  await expect(openSqliteStore(path, { readOnly: true })).rejects.toMatchObject({
    code: 'STORE_NEWER',
  });
  change("DELETE FROM migrations WHERE version = 9000; UPDATE migrations SET checksum = 'x'");
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'MIGRATION_EDITED' });
});

test('a migration that fails leaves nothing behind, transactional or not', async () => {
  const db = openDatabase(path);
  const driver = sqliteMigrationDriver(db, 'test');
  const folderUrl = pathToFileURL(`${folder}/sql/`);
  mkdirSync(folderUrl);
  writeFileSync(new URL('0001_good.sql', folderUrl), 'CREATE TABLE a (x); CREATE TABLE b (x);');
  writeFileSync(new URL('0002_bad.sql', folderUrl), 'CREATE TABLE c (x); SELECT nonsense;');
  const [good, bad] = await loadMigrations(folderUrl);
  await expect(migrate(driver, [good!, bad!])).rejects.toThrow(/nonsense/);
  const vacuum = '-- portolan: no transaction\nVACUUM;';
  writeFileSync(new URL('0002_bad.sql', folderUrl), `${vacuum}\nSELECT nonsense;`);
  await expect(migrate(driver, await loadMigrations(folderUrl))).rejects.toThrow(/nonsense/);
  writeFileSync(new URL('0002_bad.sql', folderUrl), vacuum);
  expect(await migrate(driver, await loadMigrations(folderUrl))).toBe(1);
  expect(await migrate(driver, await loadMigrations(folderUrl))).toBe(0);
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all();
  expect(tables.map((row) => row['name'])).toEqual(['a', 'b', 'migrations']);
  db.close();
});

test('a read-only store is reported', async () => {
  const file = join(folder, 'locked', 'store.db');
  await (await openSqliteStore(file, { create: true })).close();
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'locked'), 0o555);
  chmodSync(file, 0o444);
  // Root writes everywhere, unless it gives that capability up.
  const text = `
    ${imports}
    try { await openSqliteStore(${JSON.stringify(file)}); } catch (error) { console.log(error.code); }`;
  const [program, ...words] = [
    ...(process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override'] : []),
    process.execPath,
  ];
  const output = execFileSync(program, [...words, '--input-type=module', '-e', text], {
    encoding: 'utf8',
  });
  chmodSync(join(folder, 'locked'), 0o755);
  expect(output.trim()).toBe('STORE_UNWRITABLE');
});

test('the program prints no warning about the driver', () => {
  const text = `
    ${imports}
    await (await openSqliteStore(${JSON.stringify(path)}, { create: true })).close();
    process.emitWarning('another one');`;
  const output = execFileSync(
    'sh',
    ['-c', '"$0" --input-type=module -e "$1" 2>&1', process.execPath, text],
    {
      encoding: 'utf8',
    },
  );
  expect(output).toMatch(/another one/);
  expect(output).not.toMatch(/SQLite/);
});
