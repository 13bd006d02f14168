import { queuePool } from './queue-pool.ts';

/** Our key for the server's advisory locks. */
const lock = 7_237_113;

/**
 * Privileges of workers, as members of portolan_worker. The queue's tables have row-level security
 * without a policy, which admits only their owner. A message names only a tenant.
 */
const grants = `
  GRANT USAGE ON SCHEMA graphile_worker TO portolan_worker;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA graphile_worker TO portolan_worker;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA graphile_worker TO portolan_worker;
  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA graphile_worker TO portolan_worker;
  DO $$
  DECLARE queue_table regclass;
  BEGIN
    FOR queue_table IN
      SELECT c.oid FROM pg_class c
      WHERE c.relnamespace = 'graphile_worker'::regnamespace AND c.relrowsecurity
        AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    LOOP
      EXECUTE format('CREATE POLICY portolan_worker ON %s TO portolan_worker USING (true)
        WITH CHECK (true)', queue_table);
    END LOOP;
  END
  $$`;

/** Creates or updates the queue's own tables, with the rights of their owner. */
export async function migrateQueue(url: string): Promise<void> {
  const { runMigrations } = await import('graphile-worker');
  const { silent } = await import('./queue-logger.ts');
  const pool = queuePool(url);
  try {
    // One at a time, because concurrent GRANTs conflict.
    const client = await pool.connect();
    try {
      await client.query('SELECT pg_advisory_lock($1)', [lock]);
      await runMigrations({ pgPool: pool, logger: silent() });
      await client.query(grants);
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}
