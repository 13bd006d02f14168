import pg from 'pg';
import { openDatabase } from '../../src/database/driver.ts';

/** Changes a store behind Portolan's back, as whoever owns it can. */
export async function tamper(db: string, statement: string): Promise<void> {
  if (!db.startsWith('postgres')) {
    const file = openDatabase(db);
    file.exec(statement);
    file.close();
    return;
  }
  const client = new pg.Client({ connectionString: db });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
