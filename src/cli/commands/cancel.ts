import type { Command } from 'commander';
import { cancelJob } from '../../store/scans/transitions.ts';
import type { Io } from '../io.ts';
import { defineJobCommand, type JobCommandOptions, runJobCommand } from '../job-command.ts';

export function define(command: Command): void {
  defineJobCommand(command, help);
}

const help = `
Ends a scan wherever it runs, within a second; what was found is kept.

Examples:
  portolan cancel last
  portolan cancel 019aa1c2`;

export async function run(
  io: Io,
  [reference]: [string],
  options: JobCommandOptions,
): Promise<void> {
  await runJobCommand(io, reference, options, { change: (db, { id }) => cancelJob(db, id) });
}
