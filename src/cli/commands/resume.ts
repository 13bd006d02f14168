import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { alreadyRunning } from '../../jobs/run-scan.ts';
import { assertForWorkers, scanners } from '../../scan/scanners.ts';
import { markCrashedJobs } from '../../store/scans/crash-detection.ts';
import { findJob } from '../../store/scans/find-scan.ts';
import { planJob } from '../../store/scans/planned-scan.ts';
import { requeueJob, resumeJob } from '../../store/scans/transitions.ts';
import { getJob, type Job } from '../../store/scans/jobs.ts';
import { setJobStatus } from '../../store/scans/job-status.ts';
import type { StoreDatabase } from '../../store/store.ts';
import { followScan } from '../follow-scan.ts';
import type { Io } from '../io.ts';
import { writeQueued } from '../scan-summary.ts';
import { addOutputOptions, type OutputOptions, silentOption } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

type Options = OutputOptions &
  StoreOptions & {
    readonly silent?: boolean;
    readonly verbose?: boolean;
    readonly detach?: boolean;
  };

export function define(command: Command): void {
  command
    .argument('<scan>', 'its id, the start of its id, its name, or "last"')
    .addOption(silentOption('print only new results, as "scan --silent" does'))
    .option('-d, --detach', 'queue it for workers and return')
    .option('-v, --verbose', 'print probes, retries and losses');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Resumes a cancelled, failed or killed scan with its targets, ports and order, and skips what is done.
A scan with the engine nmap or masscan starts over, since that program takes all targets at once. A
queued scan is queued again.

Examples:
  portolan resume last
  portolan resume 019aa1c2`;

export async function run(io: Io, [reference]: [string], options: Options): Promise<number> {
  await using app = await openFrom(io, options);
  const { database } = app.store;
  await markCrashedJobs(database);
  const job = await findJob(database, reference);
  // Options that an imported file names for another program are never run.
  const isOurs = job.unit_count !== null || job.scan_type === 'network';
  if (!isOurs || !scanners.some(({ scanType }) => scanType === job.scan_type)) {
    throw new AppError('UNSUPPORTED', `scan ${job.id} was imported, so it cannot be resumed`);
  }
  if ((options.detach || job.is_detached) && job.status !== 'completed') {
    assertForWorkers(job.scan_type);
    return await writeQueued(io, options, await queueAgain(database, job));
  }
  return await followScan(io, app, planJob(await takeUp(database, job)), options);
}

async function queueAgain(database: StoreDatabase, job: Job): Promise<Job> {
  if (job.status === 'running') throw alreadyRunning(job.id, job.worker);
  if (job.status === 'paused' || job.status === 'pending') return resumeJob(database, job.id);
  return requeueJob(database, job.id, { detach: true });
}

/** Makes a scan pending again, unless another process has done so meanwhile. */
async function takeUp(database: StoreDatabase, job: Job): Promise<Job> {
  if (job.status === 'pending') return job;
  if (job.status === 'running') throw alreadyRunning(job.id, job.worker);
  if (job.status === 'completed') {
    throw new AppError('ILLEGAL_TRANSITION', `scan ${job.id} is complete: nothing is left to scan`);
  }
  try {
    // A paused scan begins another attempt too.
    if (job.status === 'paused') await setJobStatus(database, job.id, 'crashed');
    return await setJobStatus(database, job.id, 'pending');
  } catch (error) {
    const now = await getJob(database, job.id);
    if (now.status === job.status) throw error;
    return takeUp(database, now);
  }
}
