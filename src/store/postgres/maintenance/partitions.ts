import { firstRow } from '../../../database/rows.ts';
import { transaction } from '../transaction.ts';
import type pg from 'pg';
import { quoted } from './tables.ts';

/** Months that have partitions in advance, including the current one. */
const monthsAhead = 4;

/** The missing partitions of this and the next months. */
export async function missingPartitions(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT fact::text || to_char(date_trunc('month', now(), 'UTC') AT TIME ZONE 'UTC'
        + make_interval(months => ahead), '_YYYY_MM') AS name
     FROM fact_tables() fact, generate_series(0, $1) ahead ORDER BY ahead, name`,
    [monthsAhead - 1],
  );
  const { rows: there } = await client.query<{ name: string }>(
    'SELECT inhrelid::regclass::text AS name FROM pg_inherits',
  );
  const names = new Set(there.map(({ name }) => name));
  return rows.map(({ name }) => name).filter((name) => !names.has(name));
}

/**
 * Creates the partitions of this and the next months.
 *
 * @returns how many were created
 */
export async function makeAhead(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ made: number }>(
    `SELECT sum(ensure_partitions(uuid_at(now() + make_interval(months => ahead))))::int AS made
     FROM generate_series(0, $1) ahead`,
    [monthsAhead - 1],
  );
  return firstRow(rows).made;
}

/** Rows in a default partition although their scan's id names a month. */
export interface Misplaced {
  readonly fact: string;
  /** Start of the month, as printed by the server. */
  readonly month: string;
  readonly rows: number;
}

/** Months that can have partitions. Only version 7 ids begin with a time. */
const hasMonth = `substr(job_id::text, 15, 1) = '7'
  AND uuid_time(job_id) BETWEEN '1990-01-01Z' AND now() + interval '10 years'`;

/** Rows in the default partitions that belong in a month's. */
export async function misplacedRows(client: pg.ClientBase): Promise<Misplaced[]> {
  const facts = await client.query<{ name: string }>('SELECT f::text AS name FROM fact_tables() f');
  const found: Misplaced[] = [];
  for (const { name: fact } of facts.rows) {
    const { rows } = await client.query<{ month: string; rows: number }>(
      `SELECT date_trunc('month', uuid_time(job_id), 'UTC')::text AS month, count(*) AS rows
       FROM ${quoted(`${fact}_default`)} WHERE ${hasMonth} GROUP BY 1 ORDER BY 1`,
    );
    found.push(...rows.map((row) => ({ fact, ...row })));
  }
  return found;
}

/**
 * Creates a month's partitions and moves its rows out of the default ones, in one transaction that
 * locks the default partitions.
 *
 * @returns the number of rows moved
 */
export async function moveToMonth(client: pg.ClientBase, month: string): Promise<number> {
  const facts = await client.query<{ name: string }>('SELECT f::text AS name FROM fact_tables() f');
  return transaction(client, async () => {
    let moved = 0;
    const inMonth = `job_id >= uuid_at($1::timestamptz)
      AND job_id < uuid_at(date_trunc('month', $1::timestamptz + interval '32 days', 'UTC'))`;
    for (const { name } of facts.rows) {
      const from = quoted(`${name}_default`);
      await client.query(`LOCK TABLE ${from} IN ACCESS EXCLUSIVE MODE`);
      await client.query(
        `CREATE TEMP TABLE ${quoted(`moved_${name}`)} (LIKE ${from}) ON COMMIT DROP`,
      );
      const { rowCount } = await client.query(
        `WITH gone AS (DELETE FROM ${from} WHERE ${inMonth} RETURNING *)
         INSERT INTO ${quoted(`moved_${name}`)} SELECT * FROM gone`,
        [month],
      );
      moved += rowCount ?? 0;
    }
    await client.query('SELECT ensure_partitions(uuid_at($1::timestamptz))', [month]);
    for (const { name } of facts.rows) {
      const to = `${name}_${month.slice(0, 7).replace('-', '_')}`;
      await client.query(`INSERT INTO ${quoted(to)} SELECT * FROM ${quoted(`moved_${name}`)}`);
    }
    return moved;
  });
}
