import { Pool } from 'pg';

/** The queue's own connections: one listens, the others take and return messages. */
const connections = 4;

function ignore(): void {}

/** Handles pool errors, so that a broken connection does not end the process. */
export function queuePool(url: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    application_name: 'portolan worker',
    keepAlive: true,
  });
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
}
