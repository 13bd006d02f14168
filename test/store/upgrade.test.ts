import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openApp } from '../../src/app.ts';
import type * as migrate from '../../src/database/migrate.ts';
import { listAudit } from '../../src/store/setup/audit.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { type Outcome, portolan } from '../cli.ts';
import { changeRow, contentsOf, define, importEvents, wholeScan } from './filled.ts';
import {
  dropDatabase,
  newDatabase,
  postgresServers,
  storeKinds,
  type TestStore,
} from './stores.ts';

/** Whether the program under test has a migration after those that it comes with. */
let hasNext = false;
const next: migrate.Migration = {
  version: 5000,
  description: 'next',
  checksum: 'next',
  sql: 'CREATE TABLE next (note text)',
  isTransactional: true,
};

vi.mock(import('../../src/database/migrate.ts'), async (original) => {
  const module = await original();
  return {
    ...module,
    loadMigrations: async (folder) => [
      ...(await module.loadMigrations(folder)),
      ...(hasNext ? [next] : []),
    ],
  };
});

let folder: string;
let opened: TestStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-upgrade-'));
});

afterEach(async () => {
  hasNext = false;
  await opened[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function db(verb: string, ...words: string[]): Promise<Outcome> {
  return portolan(['db', verb, ...words, '--json']);
}

describe.each(storeKinds)('on $name', ({ name, kind, newStore, uuid }) => {
  const server = postgresServers.find((each) => each.name === name)?.url;

  beforeEach(async () => {
    opened = await newStore();
    await importEvents(opened.store, wholeScan('scanned', Date.now() - 60_000));
    await define(opened.store);
  });

  test('a store of an older Portolan is upgraded, and the audit log records it', async () => {
    hasNext = true;
    const status = await db('status', '--db', opened.db);
    expect(status).toMatchObject({ status: 1, stdout: /"older"/ });
    expect(await db('check', '--db', opened.db)).toMatchObject({ status: 65, stderr: /migrate/ });
    const refused =
      kind === 'sqlite'
        ? openSqliteStore(opened.db, { readOnly: true })
        : openApp({ db: opened.db }, { create: false });
    await expect(refused).rejects.toThrow(/older Portolan/);
    expect(JSON.parse((await db('migrate', '--db', opened.db)).stdout)).toMatchObject({
      applied: [{ version: 5000, description: 'next' }],
    });
    expect((await db('status', '--db', opened.db)).stdout).toMatch(/"current"/);
    const [latest] = (await listAudit(opened.store.database)).rows;
    expect(latest).toMatchObject({ action: 'store.migrate', after: { applied: [5000] } });
  });

  test('a backup of an older Portolan is upgraded when it is restored', async () => {
    const backup = join(folder, 'backup');
    expect((await db('backup', backup, '--db', opened.db)).status).toBe(0);
    hasNext = true;
    const target = await emptyPlace(server);
    expect(await db('restore', backup, '--db', target.db)).toMatchObject({ status: 0 });
    const restored = await db('status', '--db', target.db);
    expect(JSON.parse(restored.stdout)).toMatchObject({ state: 'current', scans: 1 });
    await target.drop();
  });

  test('a store of the development versions is refused, and can be copied', async () => {
    const before = await contentsOf(opened.rows, uuid);
    await becomeDevelopmentStore(opened, kind === 'sqlite' ? 6 : 11);
    const copyIt = /development version.*portolan db copy .* NEW/;
    await expect(openApp({ db: opened.db }, { create: true })).rejects.toThrow(copyIt);
    expect(await db('migrate', '--db', opened.db)).toMatchObject({ status: 65, stderr: copyIt });
    expect(await db('prune', '--older-than', '1d', '--yes', '--db', opened.db)).toMatchObject({
      status: 65,
      stderr: copyIt,
    });
    const status = await db('status', '--db', opened.db);
    expect(status.status).toBe(65);
    expect(JSON.parse(status.stdout)).toMatchObject({
      state: 'edited',
      problem: expect.stringMatching(copyIt) as string,
    });

    await using target = await newStore();
    expect(await db('copy', opened.db, target.db)).toMatchObject({ status: 0 });
    expect(await contentsOf(target.rows, uuid)).toEqual(before);
    expect(await db('copy', target.db, opened.db)).toMatchObject({ status: 65 });
  });

  test('a store of an early development version has to be upgraded by the last one', async () => {
    await becomeDevelopmentStore(opened, 3);
    await using target = await newStore();
    expect(await db('copy', opened.db, target.db)).toMatchObject({
      status: 65,
      stderr: /open it with the last one/,
    });
  });
});

/** The tables are the same; only the migrations that made them were others. */
async function becomeDevelopmentStore(store: TestStore, versions: number): Promise<void> {
  await changeRow(store, "UPDATE migrations SET description = 'store', checksum = 'x'");
  for (let version = 2; version <= versions; version++) {
    await changeRow(
      store,
      `INSERT INTO migrations SELECT ${version}, 'more', applied_at, 'x' FROM migrations
       WHERE version = 1`,
    );
  }
}

/** A place where there is no store yet. */
async function emptyPlace(
  server: string | undefined,
): Promise<{ db: string; drop: () => Promise<void> }> {
  if (server === undefined) {
    return { db: join(folder, 'empty.db'), drop: () => Promise.resolve() };
  }
  const place = await newDatabase(server, 'template1');
  return { db: place, drop: () => dropDatabase(server, place) };
}
