import type pg from 'pg';

/** Runs `work` in a transaction of a connection, with the rights that it has. */
export async function transaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The error of the work counts, also where the connection is gone.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
