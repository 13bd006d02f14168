import type { Command } from 'commander';
import { pauseJob } from '../../store/scans/transitions.ts';
import type { Io } from '../io.ts';
import { defineJobCommand, type JobCommandOptions, runJobCommand } from '../job-command.ts';

export function define(command: Command): void {
  defineJobCommand(command, help);
}

const help = `
Stops a running scan wherever it runs, within a second; what was found is kept. It goes on with
"portolan resume".

Examples:
  portolan pause last
  portolan pause nightly`;

export async function run(
  io: Io,
  [reference]: [string],
  options: JobCommandOptions,
): Promise<void> {
  await runJobCommand(io, reference, options, { change: (db, { id }) => pauseJob(db, id) });
}
