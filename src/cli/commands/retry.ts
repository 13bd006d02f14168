import type { Command } from 'commander';
import { requeueJob } from '../../store/scans/transitions.ts';
import type { Io } from '../io.ts';
import { defineJobCommand, type JobCommandOptions, runJobCommand } from '../job-command.ts';

export function define(command: Command): void {
  defineJobCommand(command, help);
}

/** How often it is begun again at most. */
const attempts = 3;

const help = `
Queues a scan again that failed, crashed or was cancelled: workers do what is not done yet, with as
many attempts as at first.

Examples:
  portolan retry last
  portolan retry nightly --json`;

export async function run(
  io: Io,
  [reference]: [string],
  options: JobCommandOptions,
): Promise<void> {
  await runJobCommand(io, reference, options, {
    change: (db, { id }) => requeueJob(db, id, { detach: true, attemptsLeft: attempts }),
  });
}
