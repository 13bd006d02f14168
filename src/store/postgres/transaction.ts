import type pg from 'pg';

/** Runs `work` in a transaction with the connection's current privileges. */
export async function transaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The original error matters, even if the connection is gone.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
