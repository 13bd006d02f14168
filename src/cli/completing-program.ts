import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { areInOrder, createProgram } from './create-program.ts';
import type { Program } from './command.ts';

/**
 * The program, answering completion requests: all names, and the options of the command that the
 * words so far name, since loading every command at each press of a key would be felt.
 */
export async function completingProgram(
  io: Io,
  program: Program,
  words: readonly string[],
): Promise<Command> {
  const command = await createProgram(io, {
    program,
    define: (path) => areInOrder(path.split(' '), words),
    leaveOut: ['completion', 'complete'],
  });
  tab(command, { completionCommandName: 'completion' });
  return command;
}
