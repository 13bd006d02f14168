import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { AppliedMigration, Migration, MigrationDriver } from '../../database/migrate.ts';
import { firstRow } from '../../database/rows.ts';
import { systemCode } from '../../errors.ts';
import { transaction } from './transaction.ts';

/** Our key for the server's advisory locks: one migrator at a time per database. */
const lock = 7_237_111;

const createTable = `CREATE TABLE IF NOT EXISTS migrations (
  version integer CONSTRAINT migrations_pkey PRIMARY KEY,
  description text NOT NULL,
  applied_at timestamptz NOT NULL,
  checksum text NOT NULL
)`;

/**
 * Migrates a PostgreSQL database on one connection. A step that cannot run in a transaction holds a
 * session lock.
 */
export function postgresMigrationDriver(client: pg.ClientBase, name: string): MigrationDriver {
  return {
    name,
    applied: () => readApplied(client),
    async apply(migration) {
      await takeTurn(client);
      try {
        return migration.isTransactional
          ? await applyInTransaction(client, migration)
          : await applyStatements(client, migration);
      } finally {
        await client.query('SELECT pg_advisory_unlock($1)', [lock]);
      }
    },
  };
}

/** How often to poll for the lock, ms. */
const turnMs = 50;

/**
 * Polls instead of blocking in the server: CREATE INDEX CONCURRENTLY waits for every running
 * statement, including one that waits for this lock.
 */
async function takeTurn(client: pg.ClientBase): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ isOurs: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS "isOurs"',
      [lock],
    );
    if (firstRow(rows).isOurs) return;
    await sleep(turnMs * (0.5 + Math.random()));
  }
}

async function readApplied(client: pg.ClientBase): Promise<AppliedMigration[]> {
  try {
    const { rows } = await client.query<AppliedMigration>(
      'SELECT version, description, checksum FROM migrations ORDER BY version',
    );
    return rows;
  } catch (error) {
    if (systemCode(error) === '42P01') return [];
    throw error;
  }
}

async function applyInTransaction(client: pg.ClientBase, migration: Migration): Promise<boolean> {
  return transaction(client, async () => {
    const isOurs = await claim(client, migration);
    if (isOurs) await client.query(migration.sql);
    return isOurs;
  });
}

/** Runs statements one by one, because several in one message form one transaction. */
async function applyStatements(client: pg.ClientBase, migration: Migration): Promise<boolean> {
  if (!(await claim(client, migration))) return false;
  try {
    for (const statement of statementsOf(migration.sql)) await client.query(statement);
  } catch (error) {
    await client.query('DELETE FROM migrations WHERE version = $1', [migration.version]);
    throw error;
  }
  return true;
}

/** In such files, every statement ends with a semicolon at the end of a line. */
function statementsOf(text: string): string[] {
  return text
    .replaceAll(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

async function claim(
  client: pg.ClientBase,
  { version, description, checksum }: Migration,
): Promise<boolean> {
  await client.query(createTable);
  const { rowCount } = await client.query(
    'INSERT INTO migrations VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [version, description, new Date().toISOString(), checksum],
  );
  return rowCount === 1;
}
