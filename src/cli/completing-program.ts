import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { createProgram } from './main.ts';
import type { Program } from './registry.ts';

/** The whole program, every command with its options, that answers completion requests. */
export async function completingProgram(io: Io, program: Program): Promise<Command> {
  const command = await createProgram(io, {
    program,
    define: () => true,
    leaveOut: ['completion', 'complete'],
  });
  tab(command, { completionCommandName: 'completion' });
  return command;
}
