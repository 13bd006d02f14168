import { isUuid, newJobId } from '../../core/ids.ts';
import { assertTransition, type JobState, statesBefore } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { type Actor, currentActor } from '../setup/actor.ts';
import { recordAudit } from '../setup/audit.ts';
import { tenantKey } from '../filter.ts';
import { assignments, join, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson, type JobRecord } from '../tables.ts';
import { currentWorker, type Worker } from './process-identity.ts';

/** A scan, as callers see it: columns of `scan_jobs`, its UUID as `id`; times are epoch ms. */
export interface Job {
  readonly id: string;
  /** The name that its own scanner gave it, where that is no UUID. */
  readonly scan_id: string | null;
  readonly status: JobState;
  readonly scan_type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly coverage: Readonly<Record<string, unknown>>;
  readonly args: unknown;
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
  /** It ended without having looked at everything, or its file is not all of it. */
  readonly is_partial: boolean;
  /** Who runs it, where one process does. */
  readonly worker: Worker | undefined;
  /** Who ran it last. */
  readonly worker_id: string | null;
  /** Workers make it, not the process that recorded it. */
  readonly is_detached: boolean;
  /** How often it is begun again by itself after it failed or its workers were lost. */
  readonly max_attempts: number;
  /** Not begun before. */
  readonly run_at: number | null;
  /** How long it may run; `timeout_at` is its start plus that. */
  readonly run_limit_ms: number | null;
  /** A label that its workers must have. */
  readonly worker_label: string | null;
  /** The most units that a worker takes at once. */
  readonly batch_size: number;
  /** Units from this one on were never leased. */
  readonly next_unit: number;
  readonly progress_percent: number;
  /** Addresses to look at, looked at, and those with an error (the same in other words). */
  readonly total_items: number;
  readonly processed_items: number;
  readonly failed_items: number;
  /** Of the addresses looked at, those without an error, 0 … 1; null before the first. */
  readonly success_rate: number | null;
  readonly timeout_at: number | null;
  /** The names that it was made by. */
  readonly target: string | null;
  readonly profile: string | null;
  readonly schedule: string | null;
  readonly requested_at: number;
  readonly started_at: number | null;
  readonly completed_at: number | null;
  readonly heartbeat_at: number | null;
}

/** What a new job is made of; JSON values as objects, times epoch ms. */
export interface NewJob {
  /** UUID; a new one where none is given. */
  readonly id?: string;
  readonly scan_id?: string;
  readonly scan_type: string;
  readonly config?: object;
  readonly coverage?: object;
  readonly args?: object;
  readonly tool_version?: string;
  readonly git_sha?: string;
  readonly seed?: string;
  readonly priority?: number;
  readonly unit_count?: number;
  readonly hosts_total?: number;
  readonly execution_context?: object;
  readonly timeout_at?: number;
  readonly requested_at?: number;
  readonly is_detached?: boolean;
  readonly max_attempts?: number;
  readonly run_limit_ms?: number;
  readonly worker_label?: string;
  readonly batch_size?: number;
  readonly target?: string | undefined;
  readonly profile?: string | undefined;
  readonly schedule?: string | undefined;
  /** Who makes it; the person who runs this process where nobody is named. */
  readonly actor?: Actor | undefined;
}

/**
 * Records a new scan, `pending`; one that workers are to make is queued in the same transaction.
 *
 * @throws AppError AMBIGUOUS where its id or `scan_id` is taken
 */
export async function createJob(db: StoreDatabase, job: NewJob): Promise<Job> {
  const { time, uuidColumn } = db.dialect;
  const id = job.id ?? newJobId();
  const actor = job.actor ?? currentActor();
  const values = {
    [uuidColumn]: id,
    scan_id: job.scan_id ?? null,
    tenant_id: tenantKey(db),
    status: 'pending' satisfies JobState,
    scan_type: job.scan_type,
    config: JSON.stringify(job.config ?? {}),
    coverage: JSON.stringify(job.coverage ?? {}),
    args: JSON.stringify(job.args ?? []),
    tool_version: job.tool_version ?? null,
    git_sha: job.git_sha ?? null,
    seed: job.seed ?? null,
    priority: job.priority ?? 0,
    unit_count: job.unit_count ?? null,
    hosts_total: job.hosts_total ?? null,
    execution_context: job.execution_context ? JSON.stringify(job.execution_context) : null,
    timeout_at: job.timeout_at === undefined ? null : time(job.timeout_at),
    requested_at: time(job.requested_at ?? Date.now()),
    created_by: actor.name,
    is_detached: job.is_detached ?? false,
    run_limit_ms: job.run_limit_ms ?? null,
    worker_label: job.worker_label ?? null,
    target: job.target ?? null,
    profile: job.profile ?? null,
    schedule: job.schedule ?? null,
    ...(job.max_attempts !== undefined && { max_attempts: job.max_attempts }),
    ...(job.batch_size !== undefined && { batch_size: job.batch_size }),
  };
  return db.transaction(async (tx) => {
    await tx.dialect.prepareJob?.(tx, id);
    const [row] = await tx.query<JobRecord>(sql`
      INSERT INTO scan_jobs (${join(Object.keys(values).map(identifier))})
      VALUES (${join(Object.values(values))})
      ON CONFLICT DO NOTHING RETURNING *`);
    if (!row) throw new AppError('AMBIGUOUS', `there is a scan ${job.scan_id ?? id} already`);
    const after = { scan_type: job.scan_type, config: job.config ?? {}, args: job.args ?? [] };
    await recordAudit(tx, { action: 'scan.create', ...scanObject(id), after }, actor);
    const made = toJob(tx, row);
    await queueJob(tx, made);
    return made;
  });
}

/** Tells workers of a scan that waits for them, in the transaction that makes it wait. */
export async function queueJob(
  db: StoreDatabase,
  job: Pick<Job, 'is_detached' | 'scan_type' | 'worker_label' | 'priority' | 'run_at'>,
): Promise<void> {
  const ticket =
    job.is_detached &&
    db.dialect.queueMessage({
      scanType: job.scan_type,
      label: job.worker_label,
      priority: job.priority,
      ...(job.run_at !== null && { runAt: job.run_at }),
    });
  if (ticket) await db.query(ticket);
}

/** Columns that a change of status may set besides. */
export interface StatusChange {
  readonly error_message?: string;
  readonly worker?: Worker;
  /** Of a worker that is one of several. */
  readonly workerId?: string;
  readonly is_partial?: boolean;
  /** Going to `pending`: not begun before, epoch ms. */
  readonly runAt?: number;
  /** Only where the job still is in this attempt. */
  readonly attempt?: number;
  /** Only from this state: a worker's end is that of a scan that runs. */
  readonly from?: JobState;
  /** Who does it, where it is not who usually does. */
  readonly actor?: Actor | undefined;
}

/**
 * Moves a scan to another state, if its present state allows that: one statement, so that of two
 * who try at once one wins. Going to `running` from `pending` begins a new attempt.
 *
 * @param id UUID
 * @throws AppError NOT_FOUND; ILLEGAL_TRANSITION, naming both states
 */
export async function setJobStatus(
  db: StoreDatabase,
  id: string,
  to: JobState,
  change: StatusChange = {},
): Promise<Job> {
  const { time, uuidColumn } = db.dialect;
  const now = time(Date.now());
  const isEnd = ['completed', 'failed', 'cancelled', 'crashed'].includes(to);
  const { attempt, worker, workerId, runAt, from: wanted } = change;
  const set = assignments({
    status: to,
    // A clock that was set back is no reason for an end before the beginning.
    completed_at: isEnd
      ? sql`CASE WHEN started_at > ${now} THEN started_at ELSE ${now} END`
      : to === 'pending'
        ? null
        : undefined,
    error_message: to === 'pending' ? (change.error_message ?? null) : change.error_message,
    is_partial: to === 'pending' ? false : change.is_partial,
    run_at: to !== 'pending' ? undefined : runAt === undefined ? null : time(runAt),
    worker_id: workerId,
    ...(to === 'running' && {
      attempts: sql`attempts + CASE WHEN status = 'pending' THEN 1 ELSE 0 END`,
      started_at: sql`coalesce(started_at, ${now})`,
      heartbeat_at: now,
      timeout_at: sql`CASE WHEN run_limit_ms IS NULL OR status = 'paused' THEN timeout_at
        ELSE ${db.dialect.fromNow(0)} + run_limit_ms * ${db.dialect.millisecond} END`,
    }),
    ...(worker && {
      worker_id: worker.id,
      worker_host: worker.host,
      worker_pid: worker.pid,
      worker_started: worker.started,
    }),
  });
  if (!isUuid(id)) return getJob(db, id);
  return db.transaction(async (tx) => {
    const { status: from } = await lockJob(tx, id);
    const [row] = await tx.query<JobRecord>(sql`
      UPDATE scan_jobs SET ${set}
      WHERE ${identifier(uuidColumn)} = ${id}
        AND status IN (${join(statesBefore(to).filter((state) => !wanted || state === wanted))})
        AND ${attempt === undefined ? sql`1 = 1` : sql`attempts = ${attempt}`}
      RETURNING *`);
    if (!row) {
      assertTransition(from, to);
      throw new AppError('ILLEGAL_TRANSITION', `scan ${id} is run by another attempt by now`);
    }
    const audited = { action: `scan.${to}`, before: { status: from }, after: { status: to } };
    await recordAudit(tx, { ...audited, ...scanObject(id) }, change.actor ?? actorOf(to));
    return toJob(tx, row);
  });
}

/** How the audit log names a scan. */
export function scanObject(id: string): { object_type: 'scan'; object_id: string } {
  return { object_type: 'scan', object_id: id };
}

/** Whoever runs a scan starts and ends it; all else a person does. */
function actorOf(to: JobState): Actor {
  const byPerson = to === 'pending' || to === 'paused' || to === 'cancelled';
  return byPerson ? currentActor() : workerActor();
}

/** This process as one that runs scans. */
export function workerActor(): Actor {
  return { kind: 'job', name: currentWorker().id };
}

/** A job that nobody else changes until the transaction ends. */
async function lockJob(tx: StoreDatabase, id: string): Promise<Job> {
  await tx.query(sql`UPDATE scan_jobs SET status = status
    WHERE ${identifier(tx.dialect.uuidColumn)} = ${id}`);
  return getJob(tx, id);
}

/**
 * Begins a scan: `pending` → `running`, with a new attempt number, which every write of this
 * worker then names.
 */
export function startJob(db: StoreDatabase, id: string, worker: Worker): Promise<Job> {
  return setJobStatus(db, id, 'running', { worker });
}

/** Progress of a running scan. */
export type JobProgress = Partial<Pick<Job, 'hosts_done' | 'hosts_up' | 'ports_open'>> & {
  readonly scan_stats?: object;
};

/**
 * Says that a worker is alive and how far it is.
 *
 * @returns the job's state, by which the worker learns that it is to stop or pause; undefined
 *   where the job is no longer this attempt's
 */
export async function heartbeat(
  db: StoreDatabase,
  id: string,
  attempt: number,
  progress: JobProgress = {},
): Promise<JobState | undefined> {
  const { scan_stats: stats, ...counts } = progress;
  const set = assignments({
    heartbeat_at: db.dialect.time(Date.now()),
    ...counts,
    scan_stats: stats && JSON.stringify(stats),
  });
  const [row] = await db.query<{ status: JobState }>(sql`
    UPDATE scan_jobs SET ${set}
    WHERE ${identifier(db.dialect.uuidColumn)} = ${id} AND attempts = ${attempt}
    RETURNING status`);
  return row?.status;
}

/** A job by its UUID. */
export async function getJob(db: StoreDatabase, id: string): Promise<Job> {
  const rows = isUuid(id)
    ? await db.query<JobRecord>(
        sql`SELECT * FROM scan_jobs WHERE ${identifier(db.dialect.uuidColumn)} = ${id}`,
      )
    : [];
  if (rows[0]) return toJob(db, rows[0]);
  throw new AppError('NOT_FOUND', `there is no scan ${id}: "portolan scans" lists them`);
}

/** Sets columns of a job other than its status, as the store takes their values. */
export async function updateJob(
  db: StoreDatabase,
  id: string,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db.query(
    sql`UPDATE scan_jobs SET ${assignments(values)} WHERE ${identifier(db.dialect.uuidColumn)} = ${id}`,
  );
}

/** A row of `scan_jobs` as callers see it. */
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
    config: fromJson(row.config) as Job['config'],
    coverage: fromJson(row.coverage) as Job['coverage'],
    args: fromJson(row.args),
    counts: fromJson(row.counts) as Job['counts'],
    scan_stats: fromJson(row.scan_stats) as Job['scan_stats'],
    execution_context: fromJson(row.execution_context) as Job['execution_context'],
    worker:
      row.worker_id === null || host === null || pid === null
        ? undefined
        : { id: row.worker_id, host, pid, started: started ?? '' },
  };
}

/** Whether Portolan made a scan: of another program, the version has its name before it. */
export function isOwn({ tool_version: version }: Job): boolean {
  return version !== null && !version.includes(' ');
}
