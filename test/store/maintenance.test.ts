import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { eventBatch } from '../../src/core/event-batch.ts';
import { verifyAudit } from '../../src/store/setup/audit.ts';
import { createJob } from '../../src/store/scans/create-job.ts';
import { startJob } from '../../src/store/scans/job-status.ts';
import { prunable } from '../../src/store/maintenance/prune.ts';
import type { Store } from '../../src/store/store.ts';
import { currentWorker } from '../../src/store/scans/process-identity.ts';
import { type Outcome, portolan } from '../cli.ts';
import { requirement } from '../environment.ts';
import { startPortolan } from '../process.ts';
import { changeRow, contentsOf, define, importEvents, unitEvents, wholeScan } from './filled.ts';
import {
  dropDatabase,
  newDatabase,
  postgresServers,
  storeKinds,
  type TestStore,
} from './stores.ts';
import { newLeased } from './lease.ts';

let folder: string;
let opened: TestStore;
let store: Store;

/** Two scans, one of 2024 and one of now, and what people set up. */
const oldTime = Date.UTC(2024, 8, 9, 16);
const oldRun = '0191d7a8-0000-7000-8000-000000000001';
const newRun = '019aa1c2-0000-7000-8000-000000000002';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-keep-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function fill(): Promise<void> {
  await importEvents(store, wholeScan(oldRun, oldTime));
  await importEvents(store, wholeScan(newRun, Date.now() - 60_000, '2001:db8::1'));
  await define(store);
}

/** Runs a verb of `db`; its JSON too. */
async function keep(words: readonly string[], db = opened.db): Promise<Outcome & { json: Json }> {
  const outcome = await portolan(['db', ...words, '--db', db, '--json']);
  return { ...outcome, json: outcome.stdout === '' ? {} : (JSON.parse(outcome.stdout) as Json) };
}

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any

async function count(table: string): Promise<number> {
  return Number((await opened.rows(`SELECT count(*) AS n FROM ${table}`))[0]!['n']);
}

const canMount = requirement(
  'a file system of our own (unshare, mount)',
  process.platform === 'linux' && process.getuid?.() === 0,
  'run the tests as root on Linux',
);

/** A place where there is no store yet. */
const places = [
  {
    name: 'SQLite',
    empty: () =>
      Promise.resolve({ db: join(folder, 'sub', 'new.db'), drop: () => Promise.resolve() }),
  },
  ...postgresServers.map(({ name, url }) => ({
    name,
    async empty() {
      const db = await newDatabase(url, 'template1');
      return { db, drop: () => dropDatabase(url, db) };
    },
  })),
];

describe.each(places)('without a store, $name', ({ empty }) => {
  test('migrate creates one; status before, in between and after', async () => {
    const { db, drop } = await empty();
    const before = await keep(['status'], db);
    expect(before.status).toBe(1);
    expect(['missing', 'empty']).toContain(before.json['state']);
    const dry = await keep(['migrate', '--dry-run'], db);
    expect(dry.json['applied']).toEqual([{ version: 1, description: 'baseline' }]);
    expect((await keep(['status'], db)).json['version']).toBe(0);
    expect((await keep(['migrate'], db)).json['applied']).toEqual(dry.json['applied']);
    const after = await keep(['status'], db);
    expect(after).toMatchObject({ status: 0, json: { state: 'current', pending: [], scans: 0 } });
    expect((await keep(['migrate'], db)).json['applied']).toEqual([]);
    expect((await keep(['check'], db)).status).toBe(0);
    await drop();
  });
});

describe.each(storeKinds)('on $name', ({ newStore, kind, uuid }) => {
  const everything = (): Promise<unknown> => contentsOf((query) => opened.rows(query), uuid);

  beforeEach(async () => {
    opened = await newStore();
    store = opened.store;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('a store of a newer program and an edited migration are distinguished and rejected', async () => {
    const change = (query: string): Promise<unknown> => changeRow(opened, query);
    const now = kind === 'sqlite' ? '0' : 'now()';
    await change(`INSERT INTO migrations VALUES (9000, 'from the future', ${now}, 'x')`);
    expect(await keep(['status'])).toMatchObject({ status: 65, json: { state: 'newer' } });
    expect(await keep(['migrate'])).toMatchObject({ status: 65, stderr: /newer Portolan/ });
    expect(await keep(['check'])).toMatchObject({ status: 65 });
    await change('DELETE FROM migrations WHERE version = 9000');
    await change("UPDATE migrations SET checksum = 'x' WHERE version = 1");
    expect(await keep(['status'])).toMatchObject({ status: 65, json: { state: 'edited' } });
    await expect(openApp({ db: opened.db }, { create: true })).rejects.toMatchObject({
      code: 'MIGRATION_EDITED',
    });
  });

  test('a restored backup equals the store, and only its owner can read it', async () => {
    await fill();
    const before = await everything();
    const file = join(folder, 'deep', 'backup');
    const backup = await keep(['backup', file]);
    expect(backup).toMatchObject({ status: 0, json: { path: file, rows: { port_scans: 4 } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['backup']);
    expect(await keep(['backup', file])).toMatchObject({ status: 73, stderr: /already exists/ });

    expect(await keep(['restore', file])).toMatchObject({ status: 2, stderr: /is not empty/ });
    await changeRow(opened, 'DELETE FROM host_ports');
    expect(await everything()).not.toEqual(before);
    expect(await keep(['restore', file, '--replace'])).toMatchObject({ status: 0 });
    expect(await everything()).toEqual(before);
    expect((await verifyAudit(store.database)).fault).toBeUndefined();
    const actions = await opened.rows('SELECT action FROM audit_log ORDER BY seq DESC LIMIT 1');
    expect(actions).toEqual([{ action: 'store.restore' }]);
    // What goes on counts on, and meets no number that is taken.
    await importEvents(store, wholeScan('another', Date.now() - 5000));
    expect(await count('scan_errors')).toBe(3);
    expect((await keep(['check'])).status).toBe(0);
  });

  test('a backup while a scan writes has complete units, and the scan keeps running', async () => {
    const job = await createJob(store.database, { scan_type: 'network' });
    await startJob(store.database, job.id, currentWorker());
    const progress = { isBackedUp: false, units: 0 };
    const writing = (async () => {
      for (; !progress.isBackedUp || progress.units < 50; progress.units++) {
        await store.record(job.id, eventBatch(unitEvents(progress.units)));
        await sleep(1);
      }
    })();
    const file = join(folder, 'backup');
    while (progress.units < 10) await sleep(1);
    const running = startPortolan(['db', 'backup', file, '--db', opened.db, '--json']);
    const { status, stdout } = await running.ended;
    progress.isBackedUp = true;
    await writing;
    expect(status).toBe(0);
    const { rows } = JSON.parse(stdout) as { rows: Record<string, number> };
    expect(rows['scan_units']).toBeGreaterThanOrEqual(10);
    expect(rows['scan_units']).toBeLessThanOrEqual(progress.units);
    expect(rows['port_scans']).toBe(20 * rows['scan_units']!);
    expect(await count('scan_units')).toBe(progress.units);
  });

  test('Ctrl-C leaves no part of a backup, and no store that is restored in part', async () => {
    await fill();
    const lease = await newLeased(store.database, 100);
    const { job } = lease;
    for (let unit = 0; unit < 100; unit++) {
      await store.record(job.id, eventBatch(unitEvents(unit)), { lease });
    }
    const stored = join(folder, 'stored');
    expect(await keep(['backup', stored])).toMatchObject({ status: 0 });
    const restored = await everything();
    await changeRow(opened, 'DELETE FROM host_ports');
    const changed = await everything();
    let stopped = 0;
    for (let round = 0; round < 8; round++) {
      const file = join(folder, `backup-${round}`);
      const verb = round % 2 === 0 ? ['backup', file] : ['restore', stored, '--replace'];
      const running = startPortolan(['db', ...verb, '--db', opened.db]);
      // From before the work begins to when it may have ended.
      await sleep(round < 2 ? 0 : 600 * Math.random());
      running.child.kill('SIGINT');
      const { status, signal } = await running.ended;
      const hasEnded = status === 0;
      if (!hasEnded) {
        expect(signal ?? status).toSatisfy((how) => how === 130 || how === 'SIGINT');
        stopped++;
      }
      if (verb[0] === 'backup') {
        const files = readdirSync(folder).filter((name) => name.startsWith(`backup-${round}`));
        const whole = [`backup-${round}`];
        // A signal that comes while Node.js shuts down ends the process after its work.
        const expected = hasEnded ? [whole] : signal === 'SIGINT' ? [[], whole] : [[]];
        expect(expected).toContainEqual(files);
      } else {
        // It may be over already when the signal comes.
        expect(hasEnded ? [restored] : [changed, restored]).toContainEqual(await everything());
        await changeRow(opened, 'DELETE FROM host_ports');
      }
    }
    expect(stopped).toBeGreaterThan(0);
  });

  test('a backup that is truncated, damaged or of another kind changes nothing', async () => {
    await fill();
    const job = await createJob(store.database, { scan_type: 'network' });
    await store.record(job.id, eventBatch(unitEvents(0, 4000)));
    const file = join(folder, 'backup');
    await keep(['backup', file]);
    const before = await everything();
    const { size } = statSync(file);
    const spoil = async (change: (path: string) => void): Promise<Outcome> => {
      const spoilt = join(folder, 'spoilt');
      copyFileSync(file, spoilt);
      change(spoilt);
      return keep(['restore', spoilt, '--replace']);
    };
    const cuts = [size - 30, Math.floor(size / 2), 30, 4].map(
      (length) => (path: string) => truncateSync(path, length),
    );
    const damage = (path: string): void => {
      const bytes = readFileSync(path);
      bytes.fill(0x5a, Math.floor(size / 3), Math.min(size, Math.floor(size / 3) + 10_000));
      writeFileSync(path, bytes);
    };
    for (const change of [...cuts, damage, (path: string) => writeFileSync(path, 'text')]) {
      const outcome = await spoil(change);
      expect(outcome.status, outcome.stderr).toBe(65);
      expect(outcome.stderr).toMatch(
        /damaged|truncated|neither a SQLite file nor a backup|not a SQLite database/,
      );
    }
    if (kind === 'postgres') {
      const other = zstdDecompressSync(readFileSync(file)).toString().replace('nginx', 'nginz');
      const changed = await spoil((path) => writeFileSync(path, zstdCompressSync(other)));
      expect(changed).toMatchObject({ status: 65, stderr: /checksum/ });
    }
    expect(await keep(['restore', join(folder, 'none')])).toMatchObject({ status: 66 });
    expect(await everything()).toEqual(before);
  });

  test.runIf(canMount)('a backup to a full disk fails and leaves nothing', async () => {
    await fill();
    const job = await createJob(store.database, { scan_type: 'network' });
    await store.record(job.id, eventBatch(unitEvents(0, 10_000)));
    // A mount namespace of its own: the file system goes with the process.
    const script =
      'mount -t tmpfs -o size=16k none "$0" && "$@"; status=$?; ls -A "$0"; exit $status';
    const words = ['unshare', '-m', 'sh', '-c', script, folder];
    const { ended } = startPortolan(['db', 'backup', join(folder, 'b'), '--db', opened.db], {
      before: words,
    });
    const { status, stdout, stderr } = await ended;
    expect(stderr).toMatch(/the disk is full/);
    expect(status).toBe(74);
    expect(stdout).toBe('');
  });

  test('what prune says it would remove is what it removes, and what is known stays', async () => {
    await fill();
    if (kind === 'postgres') await keep(['check', '--fix']);
    const inventory = await Promise.all(['hosts', 'host_ports', 'certificates'].map(count));
    const words = ['prune', '--older-than', '90d'];
    const dry = await keep(words);
    expect(dry.json).toMatchObject({ isDryRun: true, scans: 1 });
    expect(dry.json['rows']).toMatchObject({ port_scans: 2, scan_errors: 1, scan_units: 1 });
    expect(dry.json['partitions'].length).toBe(kind === 'postgres' ? 10 : 0);
    expect(await count('port_scans')).toBe(4);
    const done = await keep([...words, '--yes']);
    expect(done.json).toEqual({ ...dry.json, isDryRun: false, before: done.json['before'] });
    const left = await Promise.all(Object.keys(dry.json['rows']).map(count));
    expect(left).toEqual(Object.values(dry.json['rows']));
    expect(await count('scan_jobs')).toBe(1);
    expect(await Promise.all(['hosts', 'host_ports', 'certificates'].map(count))).toEqual(
      inventory,
    );
    expect((await keep([...words, '--yes'])).json).toMatchObject({ scans: 0, partitions: [] });
    const pruned = await opened.rows("SELECT after FROM audit_log WHERE action = 'store.prune'");
    expect(pruned).toMatchObject([{ after: { scans: 1, tables: 'all' } }]);
    // A scan of that month is taken in again.
    await importEvents(store, wholeScan(oldRun, oldTime));
    expect(await count('port_scans')).toBe(4);
  });

  test('prune keeps scans, other tables and running scans as requested', async () => {
    await fill();
    const running = await createJob(store.database, {
      scan_type: 'network',
      requested_at: oldTime,
    });
    await startJob(store.database, running.id, currentWorker());
    await store.record(running.id, eventBatch(unitEvents(0)));
    const words = ['prune', '--older-than', '1d', '--yes'];
    expect((await keep([...words, '--tables', 'banner_scans'])).json).toMatchObject({
      scans: 1,
      rows: { banner_scans: 1 },
    });
    expect(await count('banner_scans')).toBe(1);
    expect((await keep([...words, '--keep-scans'])).json['rows']).toMatchObject({ port_scans: 2 });
    expect(await count('scan_jobs')).toBe(3);
    expect(await count('port_scans')).toBe(22);
    const refused = await keep([...words, '--tables', 'audit_log']);
    expect(refused).toMatchObject({ status: 2, stderr: /"audit_log" is never pruned/ });
    expect(await keep(['prune', '--older-than', '2999-01-01'])).toMatchObject({ status: 2 });
  });

  test('vacuum and stats report the tables, and vacuum shrinks the store', async () => {
    const job = await createJob(store.database, { scan_type: 'network' });
    await startJob(store.database, job.id, currentWorker());
    for (let unit = 0; unit < 40; unit++)
      await store.record(job.id, eventBatch(unitEvents(unit, 100)));
    const stats = await keep(['stats']);
    const ports = stats.json['tables'].find(({ name }: Json) => name === 'port_scans');
    expect(ports.bytes).toBeGreaterThan(100_000);
    expect(stats.json['months']).toMatchObject([{ scans: 1 }]);
    expect(stats.json['indexes'].length).toBeGreaterThan(10);
    await changeRow(opened, 'DELETE FROM port_scans');
    const { json } = await keep(['vacuum']);
    if (kind === 'sqlite') expect(json['bytesAfter']).toBeLessThan(json['bytesBefore'] / 2);
    else
      expect(json['refreshed']).toEqual({
        'portolan_private.host_summary': 40,
        'portolan_private.network_summary': 1,
      });
    const after = (await keep(['stats'])).json['tables'];
    expect(after.find(({ name }: Json) => name === 'port_scans')).toMatchObject({ rows: 0 });
    const text = await portolan(['db', 'stats', '--db', opened.db]);
    expect(text.stdout).toMatch(/port_scans/);
  });
});

test('every table of what scans saw can be pruned', async () => {
  await using sqlite = await storeKinds[0]!.newStore();
  const tables = await sqlite.rows(
    `SELECT s.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
     WHERE s.type = 'table' AND c.name = 'job_id'
       -- What became of a schedule's ticks: kept when their scans go.
       AND s.name <> 'schedule_runs'`,
  );
  expect(new Set(tables.map(({ name }) => name))).toEqual(new Set(prunable));
});
