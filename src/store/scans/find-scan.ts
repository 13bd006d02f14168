import { isUuid } from '../../core/ids.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { jobKey, tenantKey } from '../filter.ts';
import { getJob, type Job, type JobRecord, toJob } from './jobs.ts';
import { keyset, numberKey, type Page, type PageRequest, readPage, textKey } from '../keyset.ts';
import { and, join, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { type UnitSet, unitSet } from './unit-set.ts';

/** The shortest prefix of an id that names a scan. */
const shortestPrefix = 4;

/**
 * Finds the scan that a user names: `last` (the newest), its id, its scanner's name for it, or a
 * unique prefix of its id.
 *
 * @throws AppError NOT_FOUND, AMBIGUOUS (naming those that match)
 */
export async function findJob(db: StoreDatabase, reference: string): Promise<Job> {
  if (reference === 'last') return lastJob(db);
  const [named] = await db.query<JobRecord>(
    sql`SELECT * FROM scan_jobs WHERE scan_id = ${reference}`,
  );
  if (named) return toJob(db, named);
  const prefix = reference.toLowerCase();
  if (isUuid(prefix)) return getJob(db, prefix);
  if (prefix.length < shortestPrefix || !/^[0-9a-f-]+$/.test(prefix)) {
    throw new AppError(
      'NOT_FOUND',
      `there is no scan "${reference}": use "last" or at least ${shortestPrefix} ` +
        'characters of its id (see "portolan scans")',
    );
  }
  const uuid = identifier(db.dialect.uuidColumn);
  const rows = await db.query<JobRecord>(sql`
    SELECT * FROM scan_jobs
    WHERE CAST(${uuid} AS TEXT) >= ${prefix} AND CAST(${uuid} AS TEXT) < ${`${prefix}g`}
    ORDER BY CAST(${uuid} AS TEXT) LIMIT 4`);
  if (rows.length === 1) return toJob(db, rows[0]!);
  if (rows.length === 0) return getJob(db, reference);
  const matches = rows.map((row) => toJob(db, row).id).join(', ');
  throw new AppError('AMBIGUOUS', `"${reference}" matches several scans: ${matches}`);
}

async function lastJob(db: StoreDatabase): Promise<Job> {
  const [row] = await db.query<JobRecord>(sql`
    SELECT * FROM scan_jobs WHERE tenant_id = ${tenantKey(db)}
    ORDER BY requested_at DESC, ${identifier(db.dialect.uuidColumn)} DESC LIMIT 1`);
  if (row) return toJob(db, row);
  throw new AppError('NOT_FOUND', 'there are no scans yet: run one with "portolan scan TARGET"');
}

export interface JobFilter {
  readonly statuses?: readonly JobState[] | undefined;
  readonly scanType?: string;
  /** The names of what they were created from. */
  readonly target?: string | undefined;
  readonly profile?: string | undefined;
  readonly schedule?: string | undefined;
  /** Requested at or after, epoch ms. */
  readonly since?: number | undefined;
}

/** Scans, newest first. */
export async function listJobs(
  db: StoreDatabase,
  filter: JobFilter = {},
  page: PageRequest = {},
): Promise<Page<Job>> {
  const { time, uuidColumn } = db.dialect;
  const newestFirst = keyset<Job>(
    [
      numberKey(sql`requested_at`, (job) => job.requested_at, time),
      textKey(identifier(uuidColumn), ({ id }) => id),
    ],
    'descending',
  );
  return await readPage(page, newestFirst, async ({ after, order, count }) => {
    const rows = await db.query<JobRecord>(sql`
    SELECT * FROM scan_jobs
    WHERE ${and([
      sql`tenant_id = ${tenantKey(db)}`,
      filter.statuses && sql`status IN (${join(filter.statuses)})`,
      filter.scanType !== undefined && sql`scan_type = ${filter.scanType}`,
      filter.target !== undefined && sql`target = ${filter.target}`,
      filter.profile !== undefined && sql`profile = ${filter.profile}`,
      filter.schedule !== undefined && sql`schedule = ${filter.schedule}`,
      filter.since !== undefined && sql`requested_at >= ${time(filter.since)}`,
      after,
    ])}
    ${order} LIMIT ${count}`);
    return rows.map((row) => toJob(db, row));
  });
}

/** The completed units of a scan, as ranges: SQL groups them, so that memory never holds all. */
export async function completedUnits(db: StoreDatabase, id: string): Promise<UnitSet> {
  const rows = await db.query<{ first: number; last: number }>(sql`
    SELECT min(unit) AS first, max(unit) AS last FROM (
      SELECT u.unit, u.unit - row_number() OVER (ORDER BY u.unit) AS run
      FROM scan_units u WHERE u.job_id = ${jobKey(db, id)} AND u.status = 'completed'
    ) numbered GROUP BY run ORDER BY first`);
  return unitSet(rows.map(({ first, last }) => [first, last]));
}
