import { firstRow } from '../../../database/rows.ts';
import type pg from 'pg';
import { checkJobs } from '../../maintenance/check-jobs.ts';
import { orphanChecks, orphanRemedy } from '../../maintenance/orphans.ts';
import { type CheckOptions, found, type Problem } from '../../maintenance/problem.ts';
import { onClient } from '../database.ts';
import { defaultTenantId } from '../../../core/ids.ts';
import { checkAccess } from './check-access.ts';
import type { Server } from './server.ts';
import { completeStore, missingParts } from '../queue-schema.ts';
import { makeAhead, misplacedRows, missingPartitions, moveToMonth } from './partitions.ts';
import { quoted } from './tables.ts';

/** Looks for problems: the queue, roles, partitions, access, indexes, orphans, stuck scans, summaries. */
export async function checkServer(server: Server, options: CheckOptions): Promise<Problem[]> {
  const { fix, signal } = options;
  const problems = await server.asOwner(async (client) => [
    ...(await checkParts(server, client, fix)),
    ...(await checkPartitions(client, fix)),
    ...(await checkDefaults(client, options)),
    ...(await checkAccess(client)),
    ...(await checkIndexes(client, fix)),
  ]);
  signal?.throwIfAborted();
  const more = await server.asMaintenance(async (client) => [
    ...(await checkOrphans(client, options)),
    ...(await checkJobs(onClient(client, defaultTenantId), fix)),
  ]);
  return [...problems, ...more];
}

async function checkParts(server: Server, client: pg.ClientBase, fix: boolean): Promise<Problem[]> {
  const missing = await missingParts(client);
  const canFix = missing.length > 0 && missing.every(({ isCreated }) => isCreated);
  if (fix && canFix) await completeStore(server, client);
  return Promise.all(
    missing.map(({ object, message, remedy }) =>
      found(
        { code: 'incomplete', severity: 'fault', object, message, remedy },
        { fix, ...(canFix && { repair: () => true }) },
      ),
    ),
  );
}

async function checkPartitions(client: pg.ClientBase, fix: boolean): Promise<Problem[]> {
  const missing = await missingPartitions(client);
  if (missing.length === 0) return [];
  if (fix) await makeAhead(client);
  const left = new Set(fix ? await missingPartitions(client) : missing);
  return Promise.all(
    missing.map((name) =>
      found(
        {
          code: 'missing_partition',
          severity: 'fault',
          object: name,
          message: 'the partition for that month is missing',
          remedy: '"portolan db check --fix" or "portolan db vacuum" creates it',
        },
        { fix, repair: () => !left.has(name) },
      ),
    ),
  );
}

async function checkDefaults(
  client: pg.ClientBase,
  { fix, signal }: CheckOptions,
): Promise<Problem[]> {
  const misplaced = await misplacedRows(client);
  if (fix) {
    for (const month of new Set(misplaced.map((each) => each.month))) {
      signal?.throwIfAborted();
      await moveToMonth(client, month);
    }
  }
  return Promise.all(
    misplaced.map(({ fact, month, rows }) =>
      found(
        {
          code: 'default_partition',
          severity: 'fault',
          object: `${fact}_default`,
          message: `${rows} rows of ${month.slice(0, 7)} are in the default partition`,
          remedy: '"portolan db check --fix" moves them to their month’s partition',
        },
        { fix, repair: () => true },
      ),
    ),
  );
}

async function checkIndexes(client: pg.ClientBase, fix: boolean): Promise<Problem[]> {
  const { rows } = await client.query<{ name: string; table: string }>(
    `SELECT c.relname AS name, x.indrelid::regclass::text AS table
     FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
     WHERE NOT x.indisvalid AND c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace`,
  );
  const problems: Problem[] = [];
  for (const { name, table } of rows) {
    const repair = async (): Promise<boolean> => {
      await client.query(`REINDEX INDEX CONCURRENTLY ${quoted(name)}`);
      return true;
    };
    problems.push(
      await found(
        {
          code: 'invalid_index',
          severity: 'fault',
          object: name,
          message: `the index of ${table} is incomplete, so no query uses it`,
          remedy: `REINDEX INDEX CONCURRENTLY ${name}`,
        },
        { fix, repair },
      ),
    );
  }
  return problems;
}

async function checkOrphans(client: pg.ClientBase, { signal }: CheckOptions): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { table, message, query } of orphanChecks()) {
    signal?.throwIfAborted();
    const { n } = firstRow((await client.query<{ n: number }>(query)).rows);
    if (n === 0) continue;
    const what = { object: table, message: `${n} ${message}`, remedy: orphanRemedy };
    problems.push(await found({ code: 'orphans', severity: 'note', ...what }, { fix: false }));
  }
  return problems;
}
