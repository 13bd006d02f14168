import type { Command } from 'commander';
import { removeEndedJob } from '../../store/scans/transitions.ts';
import type { Job } from '../../store/scans/jobs.ts';
import type { StoreDatabase } from '../../store/store.ts';
import type { Io } from '../io.ts';
import { defineJobCommand, type JobCommandOptions, runJobCommand } from '../job-command.ts';

export function define(command: Command): void {
  defineJobCommand(command, help);
}

const help = `
Removes a scan with all that it found; the inventory keeps what is known of hosts and ports. A scan
that runs has to be cancelled first.

Examples:
  portolan remove 019aa1c2`;

export async function run(
  io: Io,
  [reference]: [string],
  options: JobCommandOptions,
): Promise<void> {
  await runJobCommand(io, reference, options, { change: remove, became: () => 'removed' });
}

async function remove(db: StoreDatabase, job: Job): Promise<Job> {
  await removeEndedJob(db, job.id);
  return job;
}
