import { beforeEach, afterEach, describe, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import type { Store } from '../../src/store/store.ts';
import { portolan } from '../cli.ts';
import { queueScan, startWorker, until } from '../jobs/empty-scan.ts';
import { dropDatabase, newDatabase, postgresServers } from '../store/stores.ts';

describe.each(postgresServers)('two tenants and their workers on $name', ({ url: server }) => {
  let db: string;
  let busy: Store;
  let quiet: Store;

  beforeEach(async () => {
    db = await newDatabase(server);
    for (const name of ['busy', 'quiet']) await portolan(['tenant', 'add', name, '--db', db]);
    busy = await openPostgresStore(db, { tenant: 'busy' });
    quiet = await openPostgresStore(db, { tenant: 'quiet' });
  });

  afterEach(async () => {
    await busy.close();
    await quiet.close();
    await dropDatabase(server, db);
  });

  test('one unit of a tenant waits for no more than a turn of the ten thousand of another', async () => {
    const { id: large } = await queueScan(busy, 10_000);
    const order: string[] = [];
    const { promise: hasBegun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: isQueued, resolve: goOn } = Promise.withResolvers<void>();
    await using _worker = startWorker(
      busy,
      async (_unit, _signal, runId) => {
        order.push(runId);
        begin();
        await isQueued;
      },
      { concurrency: 1 },
    );
    await hasBegun;
    const { id: small } = await queueScan(quiet, 1);
    goOn();
    await until(quiet, small, ({ status }) => status === 'completed');
    // The part that was under way, and one that stood in the queue before.
    const turns = order.slice(0, order.indexOf(small)).length;
    expect(turns).toBeLessThan(200);
    expect((await until(busy, large, () => true)).hosts_done).toBeLessThan(10_000);
  });
});
