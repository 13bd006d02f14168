import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { AppError } from '../../errors.ts';
import { isFinal } from '../../core/job-states.ts';
import { markCrashedJobs } from '../../store/scans/crash-detection.ts';
import { findJob } from '../../store/scans/find-scan.ts';
import { getJob, type Job } from '../../store/scans/jobs.ts';
import type { Io } from '../io.ts';
import { writeScanSummary } from '../scan-summary.ts';
import { addOutputOptions, type OutputOptions } from '../output.ts';
import { progressOf } from '../../resources/scans.ts';
import { joinParts } from '../text.ts';
import { progressLine } from '../progress.ts';
import { durationOption } from '../option-values.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { formatDuration } from '../../core/duration.ts';
import { number } from '../../core/quantity.ts';

type Options = OutputOptions & StoreOptions & { readonly timeout?: number };

export function define(command: Command): void {
  command
    .argument('<scan>', 'its id, the start of its id, its name, or "last"')
    .option('--timeout <time>', 'maximum time to wait: 90s, 30m, 2h', durationOption);
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Waits for a scan to end and shows its progress. Exit status: 0 it completed, 1 it ended otherwise,
75 it is still running after --timeout.

Examples:
  portolan wait last
  portolan wait nightly --timeout 2h --json`;

/** How often the scan is read although no event has arrived, ms. */
const lookMs = 2000;

export async function run(io: Io, [reference]: [string], options: Options): Promise<number> {
  await using app = await openFrom(io, options);
  const { id } = await findJob(app.store.database, reference);
  const deadline = options.timeout === undefined ? [] : [AbortSignal.timeout(options.timeout)];
  const job = await waitForEnd(io, app, id, AbortSignal.any([io.signal, ...deadline]));
  await writeScanSummary(io, options, job);
  if (!isFinal(job.status)) {
    if (io.signal.aborted) return 130;
    throw new AppError('BUSY', `scan ${id} is still ${job.status}`);
  }
  return job.status === 'completed' ? 0 : 1;
}

/** Follows a scan's events until it has ended or the signal aborts. */
async function waitForEnd(io: Io, app: App, id: string, signal: AbortSignal): Promise<Job> {
  const { database } = app.store;
  let job = await getJob(database, id);
  using _line = progressLine(io, () => line(job));
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const look = async (): Promise<void> => {
    await markCrashedJobs(database);
    job = await getJob(database, id);
    if (isFinal(job.status)) ended.abort();
  };
  const timer = setInterval(() => void look().catch(() => undefined), lookMs);
  try {
    await look();
    for await (const event of app.store.jobEvents(either)) {
      if (event.job === id || event.type === 'lost') await look();
    }
  } finally {
    clearInterval(timer);
  }
  return job;
}

function line(job: Job): string {
  const { perSecond, leftMs } = progressOf(job);
  const parts = [
    job.status,
    `${job.progress_percent}%`,
    perSecond === null ? '' : `${number(perSecond)} hosts/s`,
    `${number(job.hosts_up)} up`,
    `${number(job.ports_open)} open`,
    leftMs === null ? '' : `${formatDuration(leftMs)} left`,
  ];
  return joinParts(parts, '  ');
}
