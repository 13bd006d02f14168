import type { ImportChunk } from '../core/event-batch.ts';
import type { RunFinish } from '../core/events.ts';
import { messageOf } from '../errors.ts';
import { jobCoverage } from '../store/scans/coverage.ts';
import { endImportJob, lastTime, openImportJob } from './import-job.ts';
import type { Job } from '../store/scans/jobs.ts';
import { retimed } from './retime.ts';
import type { Store } from '../store/store.ts';

/** An import's progress. */
export interface ImportProgress {
  /** Bytes of the file, before decompression. */
  readonly bytes: number;
  readonly lines: number;
  readonly ports: number;
}

export interface ImportResult extends ImportProgress {
  /** One per run in the file, in the order in which they end. */
  readonly jobs: readonly Job[];
  readonly badLines: number;
  /** Counts of events that no table stores, by type. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Whether the file ends in the middle of a line. */
  readonly isTruncated: boolean;
}

interface Run {
  readonly job: Job;
  readonly coverage: ReturnType<typeof jobCoverage>;
  hasStart: boolean;
  finish: RunFinish | undefined;
  lastTime: number;
  isTruncated: boolean;
  /** Whether a place in its file was invalid. */
  isDamaged: boolean;
}

export interface RecordImportOptions {
  readonly signal?: AbortSignal;
  /** Called after each transaction. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

/**
 * Records an importer's batches: each run in the file is a job, each batch one transaction.
 * Importing the same file again changes nothing. A run that did not end according to its file, or
 * whose file is truncated, is marked partial. If the signal aborts the import, recorded batches
 * stay and its jobs are `cancelled`; importing again completes them.
 *
 * @throws AppError BUSY, STORE_FULL, …; what the importer throws; the signal's reason
 */
export async function recordImport(
  store: Store,
  chunks: AsyncIterable<ImportChunk>,
  { signal, onProgress }: RecordImportOptions = {},
): Promise<ImportResult> {
  const runs = new Map<string, Run>();
  const skipped: Record<string, number> = {};
  const progress = { bytes: 0, lines: 0, ports: 0 };
  let last: ImportChunk | undefined;
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      const run = runs.get(chunk.runId) ?? (await openRun(store, chunk));
      runs.set(chunk.runId, run);
      const timed = chunk.isUntimed ? retimed(chunk, run.job.started_at ?? 0) : chunk;
      const result = await recordChunk(store, run, timed, signal);
      for (const [type, count] of Object.entries(result.skipped)) {
        skipped[type] = (skipped[type] ?? 0) + count;
      }
      progress.bytes = chunk.bytes;
      progress.lines = chunk.lines;
      progress.ports += result.portCount;
      last = chunk;
      onProgress?.({ ...progress });
    }
  } catch (error) {
    await abandon(store, runs.values(), signal?.aborted ? 'cancelled' : 'failed', messageOf(error));
    throw error;
  }
  const jobs: Job[] = [];
  for (const run of runs.values()) jobs.push(await endRun(store, run));
  for (const [type, count] of Object.entries(last?.skipped ?? {})) skipped[type] = count;
  const isTruncated = last?.isTruncated ?? false;
  return { ...progress, jobs, badLines: last?.badLines ?? 0, skipped, isTruncated };
}

async function openRun(store: Store, chunk: ImportChunk): Promise<Run> {
  const job = await openImportJob(store.database, chunk);
  return {
    job,
    coverage: jobCoverage(job.config),
    hasStart: false,
    finish: undefined,
    lastTime: 0,
    isTruncated: false,
    isDamaged: false,
  };
}

function recordChunk(
  store: Store,
  run: Run,
  chunk: ImportChunk,
  signal: AbortSignal | undefined,
): ReturnType<Store['record']> {
  for (const event of chunk.batch.events) {
    if (event.type === 'run.start') run.hasStart = true;
    if (event.type === 'run.finish') run.finish = event;
    if (event.type === 'run.error' && damage.test(event.scope)) run.isDamaged = true;
  }
  run.lastTime = Math.max(run.lastTime, lastTime(chunk));
  run.isTruncated ||= chunk.isTruncated;
  return store.record(run.job.id, chunk.batch, {
    ...(run.coverage && { coverage: run.coverage }),
    ...(signal && { signal }),
  });
}

/** Scopes of an importer's errors. */
const damage = /^(line|offset):/;

function endRun(store: Store, run: Run): Promise<Job> {
  const { finish, isDamaged, isTruncated, hasStart } = run;
  const isPartial = isTruncated || isDamaged || (hasStart && !finish);
  const said = finish?.status ?? 'completed';
  return endImportJob(store.database, run.job.id, {
    status: said === 'completed' && isPartial ? 'partial' : said,
    errorMessage: run.finish?.error_message,
    at: run.finish?.t ?? run.lastTime,
    counts: run.finish?.counts ?? {},
  });
}

/**
 * If the store cannot be written (a full disk), the job stays `running`; the next scan or import
 * marks it crashed.
 */
async function abandon(
  store: Store,
  runs: Iterable<Run>,
  status: 'cancelled' | 'failed',
  errorMessage: string,
): Promise<void> {
  for (const { job, lastTime: at } of runs) {
    if (job.status === 'completed') continue;
    try {
      await endImportJob(store.database, job.id, { status, errorMessage, at, counts: {} });
    } catch {
      return;
    }
  }
}
