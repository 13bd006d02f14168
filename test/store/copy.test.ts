import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { verifyAudit } from '../../src/store/setup/audit.ts';
import { removeJob } from '../../src/store/scans/end-scan.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { type Outcome, portolan } from '../cli.ts';
import { changeRow, contentsOf, define, importEvents, unitEvents, wholeScan } from './filled.ts';
import { storeKinds, type TestStore } from './stores.ts';
import { eventBatch } from '../../src/core/event-batch.ts';
import { createJob } from '../../src/store/scans/create-job.ts';

const [sqlite, ...servers] = storeKinds;

let folder: string;
let file: TestStore;
let server: TestStore;

const fromFile = (): Promise<Record<string, string[]>> => contentsOf(file.rows, 'uuid');
const fromServer = (): Promise<Record<string, string[]>> => contentsOf(server.rows, 'id');

async function copy(from: string, to: string, ...words: string[]): Promise<Outcome> {
  return portolan(['db', 'copy', from, to, ...words]);
}

/** A file's contents, read by a connection of its own. */
async function contentsOfFile(path: string): Promise<Record<string, string[]>> {
  const { openDatabase } = await import('../../src/database/driver.ts');
  const db = openDatabase(path, { readOnly: true });
  try {
    return await contentsOf(
      (query) =>
        Promise.resolve(
          db
            .prepare(query)
            .all()
            .map((row) =>
              Object.fromEntries(
                Object.entries(row).map(([column, value]) => {
                  if (value instanceof Uint8Array)
                    return [column, Buffer.from(value).toString('hex')];
                  const isJson = typeof value === 'string' && /^[{[]/.test(value);
                  return [column, isJson ? (JSON.parse(value) as unknown) : value];
                }),
              ),
            ),
        ),
      'uuid',
    );
  } finally {
    db.close();
  }
}

describe.each(servers)('between SQLite and $name', ({ newStore }) => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portolan-copy-'));
    file = await sqlite!.newStore();
    server = await newStore();
    await importEvents(
      file.store,
      wholeScan('0191d7a8-0000-7000-8000-000000000001', Date.UTC(2024, 8, 9)),
    );
    await importEvents(
      file.store,
      wholeScan('named by its scanner', Date.now() - 60_000, '2001:db8::1'),
    );
    await define(file.store);
  });

  afterEach(async () => {
    await file[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  test('a store copied there and back is the same, table by table', async () => {
    // A scan that is gone is still remembered as the last that saw its hosts.
    const { database } = file.store;
    const gone = await createJob(database, { scan_type: 'network' });
    await file.store.record(gone.id, eventBatch(unitEvents(7)));
    await removeJob(database, gone.id);
    const before = await fromFile();
    expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([]);

    const there = await copy(file.db, server.db);
    expect(there).toMatchObject({ status: 0, stdout: /2 scans of default, .* copied/ });
    expect(await fromServer()).toEqual(before);
    expect((await verifyAudit(server.store.database)).fault).toBeUndefined();

    const path = join(folder, 'back.db');
    expect((await copy(server.db, path)).status).toBe(0);
    expect(await contentsOfFile(path)).toEqual(before);
    await using back = await openApp({ db: path }, { create: false });
    expect(await verifyAudit(back.store.database)).toMatchObject({ fault: undefined });
    for (const db of [server.db, path]) {
      expect((await portolan(['db', 'check', '--db', db])).status).toBe(0);
    }
  });

  test('the same again does nothing; anything else is refused, and nothing is changed', async () => {
    await copy(file.db, server.db);
    const before = await fromServer();
    expect(await copy(file.db, server.db)).toMatchObject({ status: 0, stdout: /the same already/ });
    await importEvents(file.store, wholeScan('third', Date.now() - 5000, '192.0.2.99'));
    expect(await copy(file.db, server.db)).toMatchObject({ status: 1, stderr: /not the same/ });
    expect(await fromServer()).toEqual(before);
  });

  test('a copy that fails leaves nothing', async () => {
    await changeRow(server, 'ALTER TABLE certificates ADD CHECK (false)');
    const failed = await copy(file.db, server.db);
    expect(failed.status).not.toBe(0);
    expect((await server.rows('SELECT count(*) AS n FROM scan_jobs'))[0]).toEqual({ n: 0 });
    expect((await server.rows('SELECT count(*) AS n FROM hosts'))[0]).toEqual({ n: 0 });
  });

  test('one tenant of several is copied into a file that is that tenant’s', async () => {
    const acme = '0192f3a0-0000-7000-8000-00000000acce';
    await copy(file.db, server.db);
    await changeRow(
      server,
      `INSERT INTO tenants (id, name, created_at) VALUES ('${acme}', 'acme', now())`,
    );
    await using app = await openApp({ db: server.db, tenant: 'acme' }, { create: false });
    await importEvents(app.store, wholeScan('of acme', Date.now() - 5000, '192.0.2.77'));
    const path = join(folder, 'acme.db');
    const outcome = await copy(server.db, path, '--tenant', 'acme', '--json');
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      tenant: 'acme',
      scans: 1,
      rows: { hosts: 1 },
    });
    await using copied = await openSqliteStore(path, { tenant: 'acme' });
    expect(copied.database.tenantId).toBe(acme);
    expect(await copy(file.db, path)).toMatchObject({ status: 1, stderr: /can hold no other/ });
    expect(await copy(server.db, join(folder, 'x.db'), '--tenant', 'none')).toMatchObject({
      status: 1,
    });
  });

  test('a backup of one kind is not restored into the other, and says what to do', async () => {
    const [ours, theirs] = [join(folder, 'a'), join(folder, 'b')];
    await portolan(['db', 'backup', ours, '--db', file.db]);
    await portolan(['db', 'backup', theirs, '--db', server.db]);
    for (const [backup, db] of [
      [ours, server.db],
      [theirs, file.db],
    ] as const) {
      expect(await portolan(['db', 'restore', backup, '--replace', '--db', db])).toMatchObject({
        status: 69,
        stderr: /portolan db copy/,
      });
    }
  });
});
