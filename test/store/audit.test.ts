import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listAudit, recordAudit, verifyAudit } from '../../src/store/setup/audit.ts';
import { removeJob } from '../../src/store/scans/end-scan.ts';
import { createJob } from '../../src/store/scans/create-job.ts';
import { setJobStatus } from '../../src/store/scans/job-status.ts';
import type { StoreDatabase } from '../../src/store/store.ts';
import { portolan } from '../cli.ts';
import { tamper } from './tamper.ts';
import { storeKinds, type TestStore } from './stores.ts';

describe.each(storeKinds)('the audit log on $name', ({ newStore }) => {
  let opened: TestStore;
  let db: StoreDatabase;

  beforeEach(async () => {
    opened = await newStore();
    db = opened.store.database;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('tells who made, changed and removed a scan, with before and after', async () => {
    const { id } = await createJob(db, {
      scan_type: 'network',
      config: { z: 1, a: { c: 1, b: 2 } },
    });
    await setJobStatus(db, id, 'cancelled');
    await removeJob(db, id);
    const { rows } = await listAudit(db);
    expect(rows.map(({ action, seq }) => [seq, action])).toEqual([
      [3, 'scan.remove'],
      [2, 'scan.cancelled'],
      [1, 'scan.create'],
    ]);
    expect(rows[1]).toMatchObject({
      actor_kind: 'person',
      actor: expect.stringContaining('@') as string,
      object_type: 'scan',
      object_id: id,
      before: { status: 'pending' },
      after: { status: 'cancelled' },
    });
    expect(rows[2]?.after).toMatchObject({ config: { a: { b: 2, c: 1 }, z: 1 } });
    expect(await verifyAudit(db)).toEqual({ rows: 3, fault: undefined });
  });

  test('a change that is undone leaves no row, and rows that are written at once one chain', async () => {
    const undone = db.transaction(async (tx) => {
      await recordAudit(tx, { action: 'x', object_type: 'x', object_id: 'x' });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await Promise.all(Array.from({ length: 40 }, () => createJob(db, { scan_type: 'x' })));
    expect(await verifyAudit(db)).toEqual({ rows: 40, fault: undefined });
  });

  test.each([
    ['a changed row', "UPDATE audit_log SET actor = 'nobody' WHERE seq = 3", 3],
    ['a row taken out', 'DELETE FROM audit_log WHERE seq = 2', 2],
    ['the last row cut off', 'DELETE FROM audit_log WHERE seq = 5', 5],
    ['another end', "UPDATE audit_heads SET hash = 'x'", 6],
  ])('%s shows', async (_, statement, seq) => {
    for (let i = 0; i < 5; i++) await createJob(db, { scan_type: 'x' });
    await tamper(opened.db, statement);
    expect(await verifyAudit(db)).toMatchObject({ fault: { seq } });
    const words = ['audit', 'verify', '--db', opened.db];
    expect(await portolan(words)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(`row ${seq}`) as string,
    });
  });

  test('the command lists and filters', async () => {
    const { id } = await createJob(db, { scan_type: 'x' });
    await createJob(db, { scan_type: 'y' });
    const list = async (...words: string[]): Promise<unknown[]> =>
      JSON.parse(
        (await portolan(['audit', 'list', '--json', ...words, '--db', opened.db])).stdout,
      ) as unknown[];
    expect(await list()).toHaveLength(2);
    expect(await list('--object', id)).toMatchObject([{ object_id: id, action: 'scan.create' }]);
    expect(await list('--action', 'tenant.add')).toEqual([]);
    expect(await list('--limit', '1')).toHaveLength(1);
  });
});
