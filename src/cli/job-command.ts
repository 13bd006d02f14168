import type { Command } from 'commander';
import { markCrashedJobs } from '../store/scans/crash-detection.ts';
import { findJob } from '../store/scans/find-scan.ts';
import type { Job } from '../store/scans/jobs.ts';
import type { StoreDatabase } from '../store/store.ts';
import { jobJson } from './commands/scans.ts';
import { type Io, write } from './io.ts';
import { addOutputOptions, formatOf, type OutputOptions, withOutput } from './output.ts';
import { addStoreOption, openFrom, type StoreOptions } from './store-option.ts';

export type JobCommandOptions = OutputOptions & StoreOptions;

/** What a command that changes one scan has: its argument, the shared options, its help. */
export function defineJobCommand(command: Command, help: string): void {
  command.argument('<scan>', 'its id, the beginning of it, its name, or "last"');
  addStoreOption(addOutputOptions(command)).addHelpText('after', help);
}

/** What a command does to a scan. */
interface JobChange {
  readonly change: (db: StoreDatabase, job: Job) => Promise<Job>;
  /** What it is then, in a word: its status, where nothing else is said. */
  readonly became?: (job: Job) => string;
}

/** Finds the scan, changes it, and prints it as it is then. */
export async function runJobCommand(
  io: Io,
  reference: string,
  options: JobCommandOptions,
  { change, became = ({ status }) => status }: JobChange,
): Promise<void> {
  await using app = await openFrom(io, options);
  const { database } = app.store;
  await markCrashedJobs(database);
  const job = await change(database, await findJob(database, reference));
  const format = formatOf(options);
  const text =
    format === 'table'
      ? `Scan ${job.id} is ${became(job)}.`
      : JSON.stringify(jobJson(job), null, format === 'json' ? 2 : 0);
  await withOutput(io, options, (stream) => write(stream, `${text}\n`));
}
