import type { RunStart } from '../../core/events.ts';
import { isUuid } from '../../core/ids.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { assignments, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson, type Key, numbersFromJson, objectFromJson } from '../tables.ts';
import type { Worker } from './process-identity.ts';

/** A scan as seen by callers: columns of `scan_jobs`, its UUID as `id`, times as epoch ms. */
export interface Job {
  readonly id: string;
  /** The name that its scanner gave it, where that is not a UUID. */
  readonly scan_id: string | null;
  readonly status: JobState;
  readonly scan_type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly coverage: Readonly<Record<string, unknown>>;
  readonly args: RunStart['args'];
  readonly tool_version: string | null;
  readonly git_sha: string | null;
  readonly seed: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly unit_count: number | null;
  readonly hosts_total: number | null;
  readonly hosts_done: number;
  readonly hosts_up: number;
  readonly ports_open: number;
  readonly host_count: number;
  readonly error_count: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly scan_stats: Readonly<Record<string, unknown>> | null;
  readonly execution_context: Readonly<Record<string, unknown>> | null;
  readonly error_message: string | null;
  /** It ended without covering everything, or its file is incomplete. */
  readonly is_partial: boolean;
  /** The process that runs it, if it is just one. */
  readonly worker: Worker | undefined;
  /** Who ran it last. */
  readonly worker_id: string | null;
  /** Workers run it, not the process that created it. */
  readonly is_detached: boolean;
  /** How many attempts it gets: a queued scan is retried after it failed or lost its workers. */
  readonly max_attempts: number;
  /** It is not started before. */
  readonly run_at: number | null;
  /** How long it may run; `timeout_at` is its start plus that. */
  readonly run_limit_ms: number | null;
  /** A label that its workers must have. */
  readonly worker_label: string | null;
  /** The most units that a worker leases at once. */
  readonly batch_size: number;
  /** Units from this one on were never leased. */
  readonly next_unit: number;
  readonly progress_percent: number;
  /** Addresses to scan, scanned, and those with an error. */
  readonly total_items: number;
  readonly processed_items: number;
  readonly failed_items: number;
  /** Fraction of scanned addresses without an error, 0 … 1; null before the first. */
  readonly success_rate: number | null;
  readonly timeout_at: number | null;
  /** The names of what it was created from. */
  readonly target: string | null;
  readonly profile: string | null;
  readonly schedule: string | null;
  readonly requested_at: number;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  readonly heartbeat_at: number | null;
}

type JsonColumn = 'args' | 'config' | 'counts' | 'coverage' | 'execution_context' | 'scan_stats';
type FlagColumn = 'is_detached' | 'is_partial';

/** A row of `scan_jobs`. */
export interface JobRecord
  extends
    Omit<Job, JsonColumn | FlagColumn | 'id' | 'worker'>,
    Readonly<Record<JsonColumn, unknown>>,
    Readonly<Record<FlagColumn, boolean | number>> {
  readonly id: Key;
  readonly uuid: string;
  readonly tenant_id: Key;
  readonly worker_host: string | null;
  readonly worker_pid: number | null;
  readonly worker_started: string | null;
  readonly leased_at: number | null;
}

/** A job by its UUID. */
export async function getJob(db: StoreDatabase, id: string): Promise<Job> {
  const rows = isUuid(id)
    ? await db.query<JobRecord>(
        sql`SELECT * FROM scan_jobs WHERE ${identifier(db.dialect.uuidColumn)} = ${id}`,
      )
    : [];
  if (rows[0]) return toJob(db, rows[0]);
  throw new AppError('NOT_FOUND', `there is no scan ${id}: see "portolan scans"`);
}

/** Sets columns of a job other than its status. Values are in their stored form. */
export async function updateJob(
  db: StoreDatabase,
  id: string,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db.query(
    sql`UPDATE scan_jobs SET ${assignments(values)} WHERE ${identifier(db.dialect.uuidColumn)} = ${id}`,
  );
}

/** Converts a row of `scan_jobs` for callers. */
export function toJob(db: StoreDatabase, row: JobRecord): Job {
  const {
    id: _key,
    uuid: _uuid,
    tenant_id: _tenant,
    leased_at: _leased,
    worker_host: host,
    worker_pid: pid,
    worker_started: started,
    ...columns
  } = row;
  return {
    ...columns,
    id: row[db.dialect.uuidColumn as 'uuid'],
    is_partial: Boolean(row.is_partial),
    is_detached: Boolean(row.is_detached),
    config: objectFromJson(row.config),
    coverage: objectFromJson(row.coverage),
    args: fromJson(row.args) as Job['args'],
    counts: numbersFromJson(row.counts),
    scan_stats: row.scan_stats === null ? null : objectFromJson(row.scan_stats),
    execution_context:
      row.execution_context === null ? null : objectFromJson(row.execution_context),
    worker:
      row.worker_id === null || host === null || pid === null
        ? undefined
        : { id: row.worker_id, host, pid, started: started ?? '' },
  };
}

/** Whether Portolan ran a scan: another program's name precedes its version. */
export function isOwn({ tool_version: version }: Job): boolean {
  return version !== null && !version.includes(' ');
}
