import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJob } from '../../src/store/scans/create-job.ts';
import { startJob } from '../../src/store/scans/job-status.ts';
import type { Problem } from '../../src/store/maintenance/problem.ts';
import { portolan } from '../cli.ts';
import { changeRow, importEvents, wholeScan } from './filled.ts';
import { storeKinds, type TestStore } from './stores.ts';

let opened: TestStore;

async function check(...words: string[]): Promise<{ status: number; problems: Problem[] }> {
  const outcome = await portolan(['db', 'check', '--db', opened.db, '--json', ...words]);
  return { status: outcome.status, problems: JSON.parse(outcome.stdout) as Problem[] };
}

describe.each(storeKinds)('on $name', ({ newStore }) => {
  beforeEach(async () => {
    opened = await newStore();
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  test('a whole store has no fault', async () => {
    await importEvents(opened.store, wholeScan('a', Date.now() - 5000));
    expect(await check()).toEqual({ status: 0, problems: [] });
  });

  test('a scan whose process is gone is found, and marked with --fix', async () => {
    const job = await createJob(opened.store.database, { scan_type: 'network' });
    const worker = { id: 'w', host: 'elsewhere', pid: 1, started: 'x' };
    await startJob(opened.store.database, job.id, worker);
    await changeRow(
      opened,
      `UPDATE scan_jobs SET heartbeat_at = started_at, worker_host = 'elsewhere'`,
    );
    const ago = opened.store.file ? '1000' : "'2020-01-01Z'";
    await changeRow(opened, `UPDATE scan_jobs SET started_at = ${ago}, heartbeat_at = ${ago}`);
    expect(await check()).toMatchObject({
      status: 1,
      problems: [{ code: 'stuck_scan', isFixable: true }],
    });
    expect(await check('--fix')).toMatchObject({ status: 0, problems: [{ isFixed: true }] });
    expect(await opened.rows('SELECT status FROM scan_jobs')).toEqual([{ status: 'crashed' }]);
    expect((await check()).problems).toEqual([]);
  });

  test('orphaned rows are noted, not faults', async () => {
    await importEvents(opened.store, wholeScan('a', Date.now() - 5000));
    await changeRow(opened, 'DELETE FROM port_scans');
    await changeRow(opened, 'DELETE FROM certificates');
    const { status, problems } = await check();
    expect(status).toBe(0);
    const orphans = problems.map(({ object, severity }) => `${severity} ${object}`);
    expect(orphans.toSorted()).toEqual([
      'note banner_scans',
      'note http_scans',
      'note services',
      'note tls_scans',
      'note tls_scans',
    ]);
  });
});

describe('on a SQLite file', () => {
  beforeEach(async () => {
    opened = await storeKinds[0]!.newStore();
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  test('broken references, damage and a mode that lets others in are found', async () => {
    await importEvents(opened.store, wholeScan('a', Date.now() - 5000));
    await changeRow(opened, 'DELETE FROM hosts');
    chmodSync(opened.db, 0o644);
    const { status, problems } = await check('--fix');
    expect(status).toBe(1);
    expect(problems.find(({ code }) => code === 'dangling')).toMatchObject({ isFixable: false });
    expect(problems.find(({ code }) => code === 'file_mode')).toMatchObject({ isFixed: true });
    expect(statSync(opened.db).mode & 0o777).toBe(0o600);
  });

  test('damage is found, wherever in the file it is', async () => {
    await importEvents(opened.store, wholeScan('a', Date.now() - 5000));
    const copy = `${opened.db}.damaged`;
    await changeRow(opened, `VACUUM INTO '${copy}'`);
    const [index] = await opened.rows(
      "SELECT rootpage FROM sqlite_schema WHERE name = 'host_ports_open'",
    );
    const bytes = readFileSync(copy);
    const page = (Number(index!['rootpage']) - 1) * 4096;
    // The index has one row less than the table then.
    bytes.writeUInt16BE(bytes.readUInt16BE(page + 3) - 1, page + 3);
    writeFileSync(copy, bytes);
    const outcome = await portolan(['db', 'check', '--json', '--db', copy]);
    expect(outcome.status).toBe(1);
    expect((JSON.parse(outcome.stdout) as Problem[])[0]).toMatchObject({
      code: 'damaged',
      severity: 'fault',
    });
    const restored = await portolan(['db', 'restore', copy, '--replace', '--db', opened.db]);
    expect(restored).toMatchObject({ status: 65, stderr: /is damaged/ });
  });
});

describe.each(storeKinds.slice(1))('on a server, $name', ({ newStore }) => {
  beforeEach(async () => {
    opened = await newStore();
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  test('rows in a default partition move into their month, and missing months are made', async () => {
    const at = Date.UTC(2024, 8, 9);
    await importEvents(opened.store, wholeScan('0191d7a8-0000-7000-8000-000000000001', at));
    // What an application of before has left there.
    for (const table of ['port_scans', 'host_scans']) {
      await changeRow(
        opened,
        `DO $$ BEGIN
           CREATE TEMP TABLE kept AS SELECT * FROM ${table};
           DELETE FROM ${table};
           DROP TABLE IF EXISTS ${table}_2024_09;
           INSERT INTO ${table} SELECT * FROM kept;
           DROP TABLE kept;
         END $$`,
      );
    }
    const [next] = await opened.rows(
      `SELECT 'http_scans' || to_char(now() + interval '1 month', '_YYYY_MM') AS name`,
    );
    await changeRow(opened, `DROP TABLE ${String(next!['name'])}`);
    const { status, problems } = await check();
    expect(status).toBe(1);
    const found = problems.map(({ code, object }) => `${code} ${object}`);
    expect(found).toEqual([
      `missing_partition ${String(next!['name'])}`,
      'default_partition host_scans_default',
      'default_partition port_scans_default',
    ]);
    const fixed = await check('--fix');
    expect(fixed).toMatchObject({
      status: 0,
      problems: [{ isFixed: true }, { isFixed: true }, { isFixed: true }],
    });
    expect(await check()).toEqual({ status: 0, problems: [] });
    expect(await opened.rows('SELECT count(*) AS n FROM port_scans_2024_09')).toEqual([{ n: 2 }]);
    expect(await opened.rows('SELECT count(*) AS n FROM port_scans')).toEqual([{ n: 2 }]);
  });

  test('a table that shows a tenant’s rows to others is a fault', async () => {
    await changeRow(opened, 'ALTER TABLE hosts NO FORCE ROW LEVEL SECURITY');
    await changeRow(opened, 'DROP POLICY own_tenant ON certificates');
    await changeRow(opened, 'GRANT SELECT ON port_scans_default TO portolan_app');
    await changeRow(opened, 'CREATE TABLE late (tenant_id uuid)');
    const { status, problems } = await check();
    expect(status).toBe(1);
    expect(problems.map(({ code, object }) => `${code} ${object}`)).toEqual([
      'row_security certificates',
      'row_security hosts',
      'row_security late',
      'row_security port_scans_default',
    ]);
  });

  test('an index that was left unfinished is found and made anew', async () => {
    await importEvents(opened.store, wholeScan('a', Date.now() - 5000));
    const duplicate = opened.rows(
      'CREATE UNIQUE INDEX CONCURRENTLY unfinished ON host_ports (host_id)',
    );
    await expect(duplicate).rejects.toThrow(/unfinished/);
    expect((await check()).problems).toMatchObject([
      { code: 'invalid_index', object: 'unfinished' },
    ]);
    await changeRow(opened, 'DELETE FROM host_ports');
    expect(await check('--fix')).toMatchObject({ status: 0 });
    expect((await check()).problems).toEqual([]);
  });
});
