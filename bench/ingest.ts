import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/driver.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';
import { median } from './median.ts';

const run = promisify(execFile);

export interface IngestOptions {
  /** Lines of `scan.port`, about 260 bytes each. */
  readonly rows?: number;
  readonly hosts?: number;
  readonly rounds?: number;
}

export interface IngestResult {
  /** Medians, seconds. */
  readonly importSeconds: number;
  readonly shellSeconds: number;
  readonly copySeconds: number;
  /** Speed relative to the shell's `.import` of the same rows (at least 1.3). */
  readonly againstShell: number;
  /** Speed relative to `INSERT … SELECT` of the same rows from an attached copy (at least 0.55). */
  readonly againstCopy: number;
  /** Of `port_scans` with its index (at most 120). */
  readonly bytesPerPort: number;
  readonly peakMegabytes: number;
}

/** The tables that an import fills: first those that the others refer to. */
const dimensions = ['scan_jobs', 'hosts'];
const tables = ['host_scans', 'port_scans', 'host_ports'];

/**
 * Imports a file of ports into a new store, and loads the same rows into the same tables, with the
 * same indexes, by the sqlite3 shell's `.import` of CSV (no JSON, no ids to compute, no foreign key
 * checks) and by `INSERT … SELECT` from an attached copy (the engine's limit). Each round does all
 * three in turn. Needs the sqlite3 shell.
 */
export async function ingest({
  rows = 2_000_000,
  hosts = 4_000,
  rounds = 3,
}: IngestOptions = {}): Promise<IngestResult> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-ingest-'));
  const seconds = { import: [] as number[], shell: [] as number[], copy: [] as number[] };
  let peakMegabytes = 0;
  let bytesPerPort = 0;
  try {
    const file = join(folder, 'ports.jsonl');
    await writePorts(file, rows, hosts);
    for (let round = 0; round < rounds; round++) {
      const store = join(folder, 'store.db');
      await remove(store);
      const imported = await timeImport(file, store);
      seconds.import.push(imported.seconds);
      peakMegabytes = Math.max(peakMegabytes, imported.megabytes);
      bytesPerPort = measureBytes(store, rows);
      if (round === 0) await exportCsv(folder, store);
      seconds.shell.push(await timeShell(folder, store));
      seconds.copy.push(await timeCopy(folder, store));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const importSeconds = median(seconds.import);
  const shellSeconds = median(seconds.shell);
  const copySeconds = median(seconds.copy);
  const againstShell = shellSeconds / importSeconds;
  const againstCopy = copySeconds / importSeconds;
  const times = { importSeconds, shellSeconds, copySeconds, againstShell, againstCopy };
  return { ...times, bytesPerPort, peakMegabytes };
}

/** One port in five has a service. */
export async function writePorts(file: string, rows: number, hosts: number): Promise<void> {
  const out = createWriteStream(file);
  const perHost = Math.ceil(rows / hosts);
  const names = ['http', 'https', 'ssh', 'domain', 'smtp', 'mysql'];
  for (let i = 0; i < rows;) {
    let text = '';
    for (const end = Math.min(rows, i + 10_000); i < end; i++) {
      const host = Math.floor(i / perHost);
      const service = { name: names[i % 6], confidence: 0.9, method: 'banner' };
      const event = {
        type: 'scan.port',
        run_id: '018f0000-0000-7000-8000-000000000001',
        addr: `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`,
        transport: 'tcp',
        port: 1 + (((i % perHost) * 13) % 65_535),
        state: 'open',
        reason: 'syn-ack',
        ...(i % 5 === 0 && { service }),
        t_first: 1_725_900_000_101 + i,
        t_last: 1_725_900_000_126 + i,
      };
      text += `${JSON.stringify(event)}\n`;
    }
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/** The URL of a module as a string literal. */
function source(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url));
}

/** Runs in its own process, so that its peak memory can be read; start-up is included. */
export async function timeImport(
  file: string,
  store: string,
): Promise<{ seconds: number; megabytes: number }> {
  const program = `
    import { openSqliteStore } from ${source('../src/store/sqlite/open.ts')};
    import { recordImport } from ${source('../src/record/import-recorder.ts')};
    import { readImport } from ${source('../src/import/read-import.ts')};
    const store = await openSqliteStore(${JSON.stringify(store)}, { create: true });
    await recordImport(store, readImport({ path: ${JSON.stringify(file)} }));
    await store.close();
    console.log(process.resourceUsage().maxRSS);`;
  const started = performance.now();
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, megabytes: Number(stdout) / 1024 };
}

/** The statements that create the tables and indexes of a store. */
function schemaOf(store: string): string {
  const db = openDatabase(store, { readOnly: true });
  const made = db
    .prepare(
      `SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL
       AND name NOT LIKE 'sqlite_%' ORDER BY rowid`,
    )
    .all();
  db.close();
  return made.map(({ sql }) => `${String(sql)};`).join('\n');
}

async function exportCsv(folder: string, store: string): Promise<void> {
  const commands = tables.map(
    (table) => `.once '${join(folder, table)}.csv'\nSELECT * FROM ${table};`,
  );
  const script = join(folder, 'export.sql');
  await writeFile(script, `.mode csv\n${commands.join('\n')}\n`);
  await run('sqlite3', [store, `.read '${script}'`]);
}

/** The shell cannot import NULL, which STRICT columns need, so its tables are not STRICT. */
async function timeShell(folder: string, from: string): Promise<number> {
  const store = join(folder, 'shell.db');
  await remove(store);
  const script = join(folder, 'import.sql');
  const loose = schemaOf(from).replaceAll(/\) STRICT(, )?/g, (_, more) => (more ? ') ' : ')'));
  const loads = tables.map((table) => `.import '${join(folder, table)}.csv' ${table}`);
  const settings = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;';
  await writeFile(script, `${settings}\n${loose}\n.mode csv\n${loads.join('\n')}\n`);
  const started = performance.now();
  await run('sqlite3', [store, `.read '${script}'`]);
  return (performance.now() - started) / 1000;
}

/** Uses the settings of a store. */
async function timeCopy(folder: string, from: string): Promise<number> {
  const path = join(folder, 'copy.db');
  await remove(path);
  await (await openSqliteStore(path, { create: true })).close();
  const db = openDatabase(path);
  db.exec(`PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 20000; ATTACH '${from}' AS source`);
  const started = performance.now();
  for (const table of [...dimensions, ...tables]) {
    // Without computed columns.
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').all(table);
    const list = columns.map(({ name }) => String(name)).join(', ');
    db.exec(`INSERT INTO ${table} (${list}) SELECT ${list} FROM source.${table}`);
  }
  db.close();
  return (performance.now() - started) / 1000;
}

function measureBytes(store: string, rows: number): number {
  const db = openDatabase(store, { readOnly: true });
  const sizes = db.prepare(
    "SELECT sum(pgsize) AS bytes FROM dbstat WHERE name LIKE '%port_scans%'",
  );
  const bytes = Number(sizes.get()?.['bytes']);
  db.close();
  return bytes / rows;
}

async function remove(store: string): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(`${store}${end}`, { force: true });
}
