import { omitUndefined } from '../../core/omit-undefined.ts';
import { newJobId } from '../../core/ids.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { tenantKey } from '../filter.ts';
import { type Actor, currentActor } from '../setup/actor.ts';
import { recordAudit } from '../setup/audit.ts';
import { identifier, join, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { scanObject } from './job-status.ts';
import { type Job, type JobRecord, toJob } from './jobs.ts';
import { queueJob } from './queue-job.ts';

type Given<Columns> = { readonly [Name in keyof Columns]?: NonNullable<Columns[Name]> | undefined };

/** A new scan's known columns; times are epoch ms. */
export interface NewJob
  extends
    Given<
      Pick<
        Job,
        | 'id'
        | 'scan_id'
        | 'tool_version'
        | 'git_sha'
        | 'seed'
        | 'priority'
        | 'unit_count'
        | 'hosts_total'
        | 'timeout_at'
        | 'requested_at'
        | 'is_detached'
        | 'max_attempts'
        | 'run_limit_ms'
        | 'worker_label'
        | 'batch_size'
        | 'target'
        | 'profile'
        | 'schedule'
      >
    >,
    Given<Record<'args' | 'config' | 'coverage' | 'execution_context', object>> {
  readonly scan_type: string;
  /** Who creates it; by default the user of this process. */
  readonly actor?: Actor | undefined;
}

/**
 * Records a new scan, `pending`; one for workers is queued in the same transaction.
 *
 * @throws AppError AMBIGUOUS if its id or `scan_id` is taken
 */
export async function createJob(db: StoreDatabase, job: NewJob): Promise<Job> {
  const { id = newJobId(), actor = currentActor(), ...columns } = job;
  const values = {
    [db.dialect.uuidColumn]: id,
    tenant_id: tenantKey(db),
    status: 'pending' satisfies JobState,
    created_by: actor.name,
    ...storedColumns(db, columns),
  };
  return db.transaction(async (tx) => {
    await tx.prepareScan(id);
    const [row] = await tx.query<JobRecord>(sql`
      INSERT INTO scan_jobs (${join(Object.keys(values).map(identifier))})
      VALUES (${join(Object.values(values))})
      ON CONFLICT DO NOTHING RETURNING *`);
    if (!row) throw new AppError('AMBIGUOUS', `scan ${job.scan_id ?? id} already exists`);
    const after = { scan_type: job.scan_type, config: job.config ?? {}, args: job.args ?? [] };
    await recordAudit(tx, { action: 'scan.create', ...scanObject(id), after }, actor);
    const made = toJob(tx, row);
    await queueJob(tx, made);
    return made;
  });
}

/** Columns in their stored form; omitted ones get defaults. */
function storedColumns(
  { dialect }: StoreDatabase,
  { timeout_at: timeoutAt, requested_at: requestedAt = Date.now(), ...columns }: NewJob,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries<unknown>(omitUndefined(columns));
  return {
    requested_at: dialect.time(requestedAt),
    ...(timeoutAt !== undefined && { timeout_at: dialect.time(timeoutAt) }),
    ...Object.fromEntries(
      entries.map(([name, value]) => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : value,
      ]),
    ),
  };
}
