import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJob } from '../../src/store/scans/create-job.ts';
import { startJob } from '../../src/store/scans/job-status.ts';
import { currentWorker } from '../../src/store/scans/process-identity.ts';
import { portolan } from '../cli.ts';
import { contentsOf, importEvents, wholeScan } from './filled.ts';
import { storeKinds, type TestStore } from './stores.ts';

const oldRun = '0191d7a8-0000-7000-8000-000000000001';
const newRun = '019aa1c2-0000-7000-8000-000000000002';

let folder: string;
let opened: TestStore;

const archive = (...words: string[]): ReturnType<typeof portolan> =>
  portolan(['db', 'archive', ...words, '--to', join(folder, 'a'), '--db', opened.db, '--json']);

describe.each(storeKinds)('on $name', ({ newStore, uuid }) => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portolan-archive-'));
    opened = await newStore();
    await importEvents(opened.store, wholeScan(oldRun, Date.UTC(2024, 8, 9)));
    await importEvents(opened.store, wholeScan(newRun, Date.now() - 60_000, '2001:db8::1'));
  });

  afterEach(async () => {
    await opened[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  test('an archived scan is out of the store, in Parquet, and can be taken in again', async () => {
    const everything = async (): Promise<unknown> => {
      const { scan_jobs: jobs, ...facts } = await contentsOf(opened.rows, uuid);
      return { scans: jobs!.length, ...facts };
    };
    const before = await everything();
    const { status, stdout } = await archive('--older-than', '90d');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      archived: [{ scan: oldRun, rows: { ports: 2, http_endpoints: 1 } }],
      removed: { port_scans: 2, tls_scans: 1 },
    });
    const files = readdirSync(join(folder, 'a', oldRun)).toSorted();
    const tables = ['banners', 'errors', 'hosts', 'http_endpoints', 'ports', 'runs'];
    expect(files).toEqual(
      [...tables.map((name) => `${name}.parquet`), 'events.jsonl.gz'].toSorted(),
    );
    expect(readdirSync(join(folder, 'a'))).toEqual([oldRun]);
    const left = await opened.rows('SELECT count(*) AS n FROM port_scans');
    expect(left).toEqual([{ n: 2 }]);
    const again = await portolan([
      'import',
      join(folder, 'a', oldRun, 'events.jsonl.gz'),
      '--db',
      opened.db,
    ]);
    expect(again.status).toBe(0);
    expect(await everything()).toEqual(before);
  });

  test('a scan that runs, a folder that is there, no scan and both ways to name one are refused', async () => {
    expect(await archive('last', '--keep')).toMatchObject({ status: 0 });
    expect(await archive('last')).toMatchObject({ status: 73, stderr: /already exists/ });
    const { id } = await createJob(opened.store.database, { scan_type: 'network' });
    await startJob(opened.store.database, id, currentWorker());
    expect(await archive(id)).toMatchObject({ status: 1, stderr: /is running/ });
    expect(await archive()).toMatchObject({ status: 2 });
    expect(await archive('last', '--older-than', '1d')).toMatchObject({ status: 2 });
    expect(await opened.rows('SELECT count(*) AS n FROM port_scans')).toEqual([{ n: 4 }]);
  });
});
