import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { createProgram } from './main.ts';

/** The whole program, every command with its options, that answers completion requests. */
export async function completingProgram(io: Io): Promise<Command> {
  const program = await createProgram(io, {
    define: (name) => name !== 'completion' && name !== 'complete',
    leaveOut: ['completion', 'complete'],
  });
  tab(program, { completionCommandName: 'completion' });
  return program;
}
