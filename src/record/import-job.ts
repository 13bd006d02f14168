import type { ImportChunk } from '../core/event-batch.ts';
import type { RunFinish, RunStart } from '../core/events.ts';
import { jobIdOf } from '../core/ids.ts';
import type { JobState } from '../core/job-states.ts';
import { AppError } from '../errors.ts';
import { countFacts } from '../store/scans/end-scan.ts';
import { markCrashedJobs } from '../store/scans/crash-detection.ts';
import { createJob } from '../store/scans/create-job.ts';
import { getJob, type Job, type JobRecord, toJob, updateJob } from '../store/scans/jobs.ts';
import { setJobStatus } from '../store/scans/job-status.ts';
import { identifier, sql } from '../store/sql.ts';
import type { StoreDatabase } from '../store/store.ts';
import { currentWorker } from '../store/scans/process-identity.ts';

/** The scan type of a run whose file does not name one. */
const importedScanType = 'import';

/**
 * The job that a file's run is recorded under. The same run has the same job, however often and
 * from whichever file it is imported.
 *
 * @throws AppError BUSY if the run is being scanned or imported right now
 */
export async function openImportJob(db: StoreDatabase, chunk: ImportChunk): Promise<Job> {
  const start = chunk.batch.events.find((event) => event.type === 'run.start');
  const startedAt = start?.t ?? firstTime(chunk);
  const known = await findRun(db, chunk.runId, startedAt);
  if (!known) return create(db, chunk.runId, start, startedAt);
  if (isUnderWay(known.status)) {
    await markCrashedJobs(db);
    const { status } = await getJob(db, known.id);
    if (isUnderWay(status)) {
      throw new AppError('BUSY', `scan ${known.id} is ${status}: import it once it has ended`);
    }
  }
  // An import may leave a scan's counts unchanged; this records that it took place.
  await updateJob(db, known.id, { heartbeat_at: db.dialect.time(Date.now()) });
  return known;
}

function isUnderWay(status: JobState): boolean {
  return status === 'running' || status === 'paused';
}

async function findRun(
  db: StoreDatabase,
  runId: string,
  startedAt: number,
): Promise<Job | undefined> {
  const [row] = await db.query<JobRecord>(sql`
    SELECT * FROM scan_jobs WHERE scan_id = ${runId}
      OR ${identifier(db.dialect.uuidColumn)} = ${jobIdOf(runId, startedAt)}`);
  return row && toJob(db, row);
}

async function create(
  db: StoreDatabase,
  runId: string,
  start: RunStart | undefined,
  startedAt: number,
): Promise<Job> {
  const id = jobIdOf(runId, startedAt);
  const scanId = start?.scan_id ?? (id === runId.toLowerCase() ? undefined : runId);
  await createJob(db, {
    id,
    scan_id: scanId,
    scan_type: start?.scan_type ?? importedScanType,
    config: start?.config,
    coverage: start?.coverage,
    args: start?.args,
    tool_version: start?.tool_version || undefined,
    git_sha: start?.git_sha || undefined,
    requested_at: startedAt,
  });
  await updateJob(db, id, { started_at: db.dialect.time(startedAt) });
  return setJobStatus(db, id, 'running', { worker: currentWorker() });
}

/** How an imported run ended. */
export interface ImportEnd {
  readonly status: RunFinish['status'];
  readonly errorMessage: string | undefined;
  /** Epoch ms: the run's end, or its last event. */
  readonly at: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Moves a job to the state in its file, and writes its counts. */
export async function endImportJob(db: StoreDatabase, id: string, end: ImportEnd): Promise<Job> {
  const { time } = db.dialect;
  const before = await getJob(db, id);
  const status: JobState = end.status === 'partial' ? 'completed' : end.status;
  const wasRead = before.status === 'completed';
  const wasWhole = wasRead && !before.is_partial;
  // A file that ends before another part of the same scan is incomplete.
  const isShorter = wasRead && end.at < (before.completed_at ?? 0);
  await advanceTo(db, before, status);
  await countFacts(db, id, end.counts);
  await updateJob(db, id, {
    is_partial: !wasWhole && (isShorter || end.status !== 'completed'),
    // A file may claim an end before its start.
    completed_at: time(
      Math.max(end.at, before.started_at ?? 0, wasRead ? (before.completed_at ?? 0) : 0),
    ),
    error_message: end.errorMessage ?? null,
    heartbeat_at: time(Date.now()),
  });
  return getJob(db, id);
}

/** A completed scan stays completed; one that ended otherwise is reopened. */
async function advanceTo(db: StoreDatabase, { id, status }: Job, to: JobState): Promise<void> {
  if (status === to || status === 'completed') return;
  if (status !== 'running' && status !== 'pending') await setJobStatus(db, id, 'pending');
  if (status !== 'running') await setJobStatus(db, id, 'running', { worker: currentWorker() });
  await setJobStatus(db, id, to);
}

/** The earliest time in the batch: the start of a V1 file's run, which has no `run.start`. */
function firstTime({ batch: { ports, events } }: ImportChunk): number {
  let first = Number.POSITIVE_INFINITY;
  for (let row = 0; row < ports.length; row++) first = Math.min(first, ports.first[row]!);
  for (const event of events) if ('t' in event && event.t > 0) first = Math.min(first, event.t);
  return Number.isFinite(first) ? first : 0;
}

/** Of the chunk's events. */
export function lastTime({ batch: { ports, events } }: ImportChunk): number {
  let last = 0;
  for (let row = 0; row < ports.length; row++) last = Math.max(last, ports.last[row]!);
  for (const event of events) if ('t' in event) last = Math.max(last, event.t);
  return last;
}
