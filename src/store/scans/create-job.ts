import { newJobId } from '../../core/ids.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { tenantKey } from '../filter.ts';
import { type Actor, currentActor } from '../setup/actor.ts';
import { recordAudit } from '../setup/audit.ts';
import { identifier, join, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import type { JobRecord } from '../tables.ts';
import { scanObject } from './job-status.ts';
import { type Job, toJob } from './jobs.ts';
import { queueJob } from './queue-job.ts';

/** A new scan; JSON values are objects, times epoch ms. */
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
  /** Who creates it; by default the user of this process. */
  readonly actor?: Actor | undefined;
}

/**
 * Records a new scan, `pending`; one for workers is queued in the same transaction.
 *
 * @throws AppError AMBIGUOUS where its id or `scan_id` is taken
 */
export async function createJob(db: StoreDatabase, job: NewJob): Promise<Job> {
  const id = job.id ?? newJobId();
  const actor = job.actor ?? currentActor();
  const values = columnsOf(db, id, { ...job, actor });
  return db.transaction(async (tx) => {
    await tx.prepareScan(id);
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

function columnsOf(
  db: StoreDatabase,
  id: string,
  job: NewJob & { readonly actor: Actor },
): Readonly<Record<string, unknown>> {
  const { time, uuidColumn } = db.dialect;
  return {
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
    created_by: job.actor.name,
    is_detached: job.is_detached ?? false,
    run_limit_ms: job.run_limit_ms ?? null,
    worker_label: job.worker_label ?? null,
    target: job.target ?? null,
    profile: job.profile ?? null,
    schedule: job.schedule ?? null,
    ...(job.max_attempts !== undefined && { max_attempts: job.max_attempts }),
    ...(job.batch_size !== undefined && { batch_size: job.batch_size }),
  };
}
