import { sql } from 'kysely';
import { isUuid } from '../core/ids.ts';
import type { JobState } from '../core/job-states.ts';
import { AppError } from '../errors.ts';
import { getJob, type Job, toJob } from './jobs.ts';
import {
  decodeCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
  toPage,
} from './page.ts';
import type { StoreDatabase } from './store.ts';
import { type UnitSet, unitSet } from './unit-set.ts';

/** The fewest characters that name a scan by the beginning of its id. */
const shortestPrefix = 4;

/**
 * The scan that a user means: `last` (the newest), its id, the name that its own scanner gave it,
 * or the beginning of its id where only one begins so.
 *
 * @throws AppError NOT_FOUND, AMBIGUOUS (naming those that match)
 */
export async function findJob(db: StoreDatabase, reference: string): Promise<Job> {
  if (reference === 'last') return lastJob(db);
  const { kysely, dialect } = db;
  const named = await kysely
    .selectFrom('scan_jobs')
    .selectAll()
    .where('scan_id', '=', reference)
    .executeTakeFirst();
  if (named) return toJob(db, named);
  const prefix = reference.toLowerCase();
  if (isUuid(prefix)) return getJob(db, prefix);
  if (prefix.length < shortestPrefix || !/^[0-9a-f-]+$/.test(prefix)) {
    throw new AppError(
      'NOT_FOUND',
      `there is no scan "${reference}": name it by "last" or by at least ${shortestPrefix} ` +
        'characters of its id ("portolan scans" lists them)',
    );
  }
  const column = sql<string>`CAST(${sql.ref(dialect.uuidColumn)} AS TEXT)`;
  const rows = await kysely
    .selectFrom('scan_jobs')
    .selectAll()
    .where(column, '>=', prefix)
    .where(column, '<', `${prefix}g`)
    .orderBy(column)
    .limit(4)
    .execute();
  if (rows.length === 1) return toJob(db, rows[0]!);
  if (rows.length === 0) return getJob(db, reference);
  const matches = rows.map((row) => row[dialect.uuidColumn]).join(', ');
  throw new AppError('AMBIGUOUS', `"${reference}" begins several scans: ${matches}`);
}

async function lastJob(db: StoreDatabase): Promise<Job> {
  const row = await db.kysely
    .selectFrom('scan_jobs')
    .selectAll()
    .orderBy('requested_at', 'desc')
    .orderBy(db.dialect.uuidColumn, 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row) return toJob(db, row);
  throw new AppError(
    'NOT_FOUND',
    'no scan is recorded yet: "portolan scan TARGET" makes the first',
  );
}

export interface JobFilter {
  readonly statuses?: readonly JobState[];
  readonly scanType?: string;
  /** Requested at or after, epoch ms. */
  readonly since?: number;
}

/** Scans, newest first. */
export async function listJobs(
  db: StoreDatabase,
  filter: JobFilter = {},
  page: PageRequest = {},
): Promise<Page<Job>> {
  const { time, uuidColumn } = db.dialect;
  const limit = pageLimit(page.limit);
  const { after } = page;
  let query = db.kysely.selectFrom('scan_jobs').selectAll();
  if (filter.statuses) query = query.where('status', 'in', filter.statuses);
  if (filter.scanType !== undefined) query = query.where('scan_type', '=', filter.scanType);
  if (filter.since !== undefined)
    query = query.where('requested_at', '>=', time(filter.since) as number);
  if (after !== undefined) {
    const [requested, id] = decodeCursor(after, ['number', 'string']);
    query = query.where((eb) =>
      eb(eb.refTuple('requested_at', uuidColumn), '<', eb.tuple(time(requested) as number, id)),
    );
  }
  const rows = await query
    .orderBy('requested_at', 'desc')
    .orderBy(uuidColumn, 'desc')
    .limit(limit + 1)
    .execute();
  return toPage(
    rows.map((row) => toJob(db, row)),
    limit,
    (job) => encodeCursor([job.requested_at, job.id]),
  );
}

/** The units of a job that are done, as ranges: SQL makes them, so that memory never holds all. */
export async function completedUnits(db: StoreDatabase, id: string): Promise<UnitSet> {
  const { rows } = await sql<{ first: number; last: number }>`
    SELECT min(unit) AS first, max(unit) AS last FROM (
      SELECT u.unit, u.unit - row_number() OVER (ORDER BY u.unit) AS run
      FROM scan_units u JOIN scan_jobs j ON j.id = u.job_id
      WHERE j.${sql.ref(db.dialect.uuidColumn)} = ${id} AND u.status = 'completed'
    ) numbered GROUP BY run ORDER BY first`.execute(db.kysely);
  return unitSet(rows.map(({ first, last }) => [first, last]));
}
