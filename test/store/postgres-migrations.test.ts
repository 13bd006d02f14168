import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMigrations, migrate } from '../../src/database/migrate.ts';
import { postgresMigrationDriver } from '../../src/store/postgres/migration-driver.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { dropDatabase, newDatabase, postgresServers } from './stores.ts';

describe.each(postgresServers)('migrations on $name', ({ url: server }) => {
  let url: string;
  let client: Client;
  let folder: string;

  beforeEach(async () => {
    url = await newDatabase(server, 'template1');
    client = new Client({ connectionString: url });
    await client.connect();
    folder = mkdtempSync(join(tmpdir(), 'portolan-sql-'));
  });

  afterEach(async () => {
    await client.end();
    await dropDatabase(server, url);
    rmSync(folder, { recursive: true });
  });

  async function one<Row extends object>(query: string): Promise<Row> {
    return (await client.query<Row>(query)).rows[0]!;
  }

  /** Files of SQL of a test's own. */
  async function files(texts: Readonly<Record<string, string>>): ReturnType<typeof loadMigrations> {
    const place = pathToFileURL(`${folder}/sql/`);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    for (const [name, text] of Object.entries(texts)) writeFileSync(new URL(name, place), text);
    return loadMigrations(place);
  }

  test('twenty that make a store at once make it once, and all succeed', async () => {
    const all = Array.from({ length: 20 }, () =>
      openPostgresStore(url, { create: true, pool: { max: 1 } }),
    );
    const stores = await Promise.all(all);
    await Promise.all(stores.map((store) => store.close()));
    const known = await loadMigrations(new URL('../../sql/postgres/', import.meta.url));
    const { rows } = await client.query('SELECT version FROM migrations ORDER BY version');
    expect(rows.map((row: { version: number }) => row.version)).toEqual(
      known.map(({ version }) => version),
    );
  });

  test('a step outside a transaction runs, and a failed one is undone and repeated', async () => {
    const driver = postgresMigrationDriver(client, 'test');
    const table = 'CREATE TABLE a (x integer); INSERT INTO a VALUES (1), (1);';
    // An index that fails stays unfinished, as PostgreSQL has it: such a file removes it first.
    const index = `-- portolan: no transaction
      DROP INDEX IF EXISTS a_x;
      CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x);`;
    const unready = await files({ '0001_a.sql': table, '0002_index.sql': index });
    await expect(migrate(driver, unready)).rejects.toThrow(/a_x/);
    expect(await one('SELECT count(*)::int AS n FROM migrations')).toEqual({ n: 1 });
    await client.query('DELETE FROM a; INSERT INTO a VALUES (1)');
    const racing = Array.from({ length: 5 }, () => new Client({ connectionString: url }));
    await Promise.all(racing.map((each) => each.connect()));
    const counts = await Promise.all(
      racing.map((each) => migrate(postgresMigrationDriver(each, 'test'), unready)),
    );
    await Promise.all(racing.map((each) => each.end()));
    expect(counts.reduce((sum, each) => sum + each)).toBe(1);
    expect(await one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass")).toEqual(
      {
        indisvalid: true,
      },
    );
  });

  test('a step in a transaction that fails leaves nothing', async () => {
    const driver = postgresMigrationDriver(client, 'test');
    const bad = await files({ '0001_a.sql': 'CREATE TABLE a (x integer);\nSELECT nonsense;' });
    await expect(migrate(driver, bad)).rejects.toThrow(/nonsense/);
    expect(await one("SELECT to_regclass('a') AS a, to_regclass('migrations') AS m")).toEqual({
      a: null,
      m: null,
    });
  });

  test('an owner who is not a superuser creates a store if the roles exist', async () => {
    await (await openPostgresStore(url, { create: true })).close();
    const name = new URL(url).pathname.slice(1);
    const role = `owner_of_${name}`;
    const own = `${name}_own`;
    await client.query(`CREATE ROLE ${role} LOGIN IN ROLE portolan_app, portolan_maintenance`);
    await client.query(`CREATE DATABASE ${own} OWNER ${role}`);
    const ownUrl = Object.assign(new URL(url), { username: role, pathname: `/${own}` }).href;
    const store = await openPostgresStore(ownUrl, { create: true });
    expect(store.database.tenantId).toMatch(/^0/);
    await store.close();
    await client.query(`DROP DATABASE ${own} WITH (FORCE)`);
    await client.query(`DROP ROLE ${role}`);
  });
});
