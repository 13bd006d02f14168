import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultPool, openPool } from '../../src/store/postgres/connection.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { takeLease } from '../../src/store/scans/leases.ts';
import type { Store } from '../../src/store/store.ts';
import { queueScan } from '../jobs/empty-scan.ts';
import { dropDatabase, newDatabase, postgresServers } from '../store/stores.ts';

describe.each(postgresServers)('overtaken on $name', ({ url: server }) => {
  let db: string;
  let store: Store;
  let pool: ReturnType<typeof openPool>;

  beforeEach(async () => {
    db = await newDatabase(server);
    store = await openPostgresStore(db, { create: true });
    pool = openPool(db, { ...defaultPool, max: 2 });
  });

  afterEach(async () => {
    await pool.end();
    await store.close();
    await dropDatabase(server, db);
  });

  async function isWaiting(): Promise<boolean> {
    const { rows } = await pool.query(`SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows.length > 0;
  }

  test('a worker that asks while others take the last units gets nothing', async () => {
    for (let i = 0; i < 3; i++) await queueScan(store, 4);
    // Units that are under way; many make the planner look for those of each scan by itself.
    await pool.query(`
      UPDATE scan_jobs SET status = 'running', started_at = now(), leased_at = now();
      INSERT INTO scan_units (tenant_id, job_id, unit, first, last, status, attempt, started_at,
        worker_id, lease_until)
      SELECT tenant_id, id, g, g, g, 'leased', 1, now(), 'w/2', now() + interval '1 h'
      FROM scan_jobs, generate_series(100, 5000) g;
      ANALYZE scan_units; ANALYZE scan_jobs`);
    const others = await pool.connect();
    try {
      await others.query('BEGIN');
      await others.query('UPDATE scan_jobs SET next_unit = unit_count');
      const asked = takeLease(store.database, {
        workerId: 'w/1',
        scanTypes: ['network'],
        labels: [],
        leaseMs: 60_000,
        unitsOf: () => 1,
        unitAt: (_job, unit) => ({ index: unit, first: unit, last: unit }),
      });
      while (!(await isWaiting())) await sleep(10);
      await others.query('COMMIT');
      expect(await asked).toBeUndefined();
    } finally {
      others.release();
    }
  });
});
