import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMigrations, migrate } from '../../src/database/migrate.ts';
import { postgresMigrationDriver } from '../../src/store/postgres/migration-driver.ts';
import { migrationFolder, openPostgresStore } from '../../src/store/postgres/open.ts';
import { type Outcome, portolan } from '../cli.ts';
import { dropDatabase, newDatabase, postgresServers, storeKinds } from './stores.ts';

describe.each(postgresServers)('the queue of a store on $name', ({ url: server }) => {
  let db: string;
  let client: Client;
  let login: string;
  /** The store, for a login that is no more than a worker. */
  let asWorker: string;
  let folder: string;

  beforeEach(async () => {
    db = await newDatabase(server, 'template1');
    client = new Client({ connectionString: db });
    await client.connect();
    login = `worker_of_${new URL(db).pathname.slice(1)}`;
    await client.query(`CREATE ROLE ${login} LOGIN IN ROLE portolan_app, portolan_worker`);
    asWorker = Object.assign(new URL(db), { username: login }).href;
    folder = mkdtempSync(join(tmpdir(), 'portolan-queue-'));
  });

  afterEach(async () => {
    await client.query(`DROP ROLE ${login}`);
    await client.end();
    await dropDatabase(server, db);
    rmSync(folder, { recursive: true });
  });

  const keep = (...words: string[]): Promise<Outcome> => portolan(['db', ...words, '--db', db]);

  async function makeTables(): Promise<void> {
    await migrate(postgresMigrationDriver(client, 'test'), await loadMigrations(migrationFolder));
  }

  /** Has a worker of another login complete a queued scan. */
  async function expectWork(): Promise<void> {
    expect(await keep('check')).toMatchObject({ status: 0 });
    const queued = await portolan([
      'scan',
      '127.0.0.1',
      '-p',
      '21000',
      '--name',
      'q',
      '--detach',
      '--db',
      db,
    ]);
    expect(queued, queued.stderr).toMatchObject({ status: 0 });
    const stopping = new AbortController();
    const worker = portolan(['worker', '--db', asWorker], { signal: stopping.signal });
    expect(await portolan(['wait', 'q', '--db', db])).toMatchObject({ status: 0 });
    stopping.abort();
    expect(await worker).toMatchObject({ status: 0, stderr: /is ready/ });
  }

  test('migrate makes it', async () => {
    expect(await keep('migrate')).toMatchObject({ status: 0 });
    await expectWork();
  });

  test('a copy makes it', async () => {
    await using source = await storeKinds[0]!.newStore();
    expect(await portolan(['db', 'copy', source.db, db])).toMatchObject({ status: 0 });
    await expectWork();
  });

  test('a restore makes it, and keeps one that is there', async () => {
    const from = await newDatabase(server);
    const file = join(folder, 'backup');
    expect(await portolan(['db', 'backup', file, '--db', from])).toMatchObject({ status: 0 });
    await dropDatabase(server, from);
    expect(await keep('restore', file)).toMatchObject({ status: 0 });
    await expectWork();
    expect(await keep('restore', file, '--replace')).toMatchObject({ status: 0 });
    await expectWork();
  });

  test.each([
    ['before the queue', 'SELECT'],
    [
      'within its migrations',
      `CREATE SCHEMA graphile_worker; CREATE TABLE graphile_worker.migrations (
        id int PRIMARY KEY, ts timestamptz DEFAULT now() NOT NULL)`,
    ],
  ])('migrate completes what a kill %s left', async (_, begun) => {
    await makeTables();
    await client.query(begun);
    expect(await keep('status')).toMatchObject({ status: 1, stdout: /queue is .*db migrate/ });
    expect(await keep('check')).toMatchObject({ status: 1, stdout: /queue is .*db migrate/ });
    const queued = await portolan(['scan', '127.0.0.1', '-p', '1', '--detach', '--db', asWorker]);
    expect(queued.status).not.toBe(0);
    expect((await keep('migrate', '--dry-run')).stdout).toMatch(/job queue/);
    expect(await keep('migrate')).toMatchObject({ status: 0, stdout: /job queue/ });
    expect(await keep('migrate')).toMatchObject({ status: 0, stderr: /is up to date/ });
    expect(await keep('status')).toMatchObject({ status: 0 });
    await expectWork();
  });

  test('whoever owns the store completes it by opening it to write', async () => {
    await makeTables();
    await (await openPostgresStore(db, { create: true })).close();
    await expectWork();
  });

  test.each([
    'REVOKE USAGE ON SCHEMA graphile_worker FROM portolan_worker',
    'REVOKE DELETE ON ALL TABLES IN SCHEMA graphile_worker FROM portolan_worker',
    'REVOKE EXECUTE ON FUNCTION portolan_private.tenants_at_work FROM portolan_worker',
    'DROP POLICY portolan_worker ON graphile_worker._private_jobs',
  ])('check names and repairs lost rights: %s', async (statement) => {
    await keep('migrate');
    await client.query(statement);
    const lost = /portolan_worker lacks rights/;
    expect(await keep('status')).toMatchObject({ status: 1, stdout: lost });
    expect(await keep('check')).toMatchObject({ status: 1, stdout: lost });
    expect(await portolan(['worker', '--db', asWorker])).toMatchObject({
      status: 65,
      stderr: lost,
    });
    expect(await keep('check', '--fix')).toMatchObject({ status: 0 });
    await expectWork();
  });

  test('a worker that may not use the queue ends and says why', async () => {
    await keep('migrate');
    await client.query(`REVOKE portolan_worker FROM ${login}`);
    const { status, stderr } = await portolan(['worker', '--db', asWorker]);
    expect({ status, stderr }).toMatchObject({ status: 77, stderr: /GRANT portolan_worker TO/ });
    expect(stderr).not.toMatch(/is ready|portolan_app/);
    await client.query('DROP SCHEMA graphile_worker CASCADE');
    const missing = await portolan(['worker', '--db', asWorker]);
    expect(missing).toMatchObject({ status: 65, stderr: /queue is missing.*db migrate/ });
    const queued = await portolan(['scan', '127.0.0.1', '-p', '1', '--detach', '--db', asWorker]);
    expect(queued).toMatchObject({ status: 65, stderr: /graphile_worker.*db migrate/ });
  });

  test('a worker whose queue goes away ends and says so', async () => {
    await keep('migrate');
    const worker = portolan(['worker', '--db', asWorker]);
    const isThere = 'SELECT FROM workers';
    while ((await client.query(isThere)).rowCount === 0);
    await client.query('DROP SCHEMA graphile_worker CASCADE');
    expect(await worker).toMatchObject({ status: 65, stderr: /queue is missing/ });
    expect((await client.query(isThere)).rowCount).toBe(0);
  });
});
