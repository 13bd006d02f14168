import type { Command } from 'commander';
import { completingProgram } from '../completing-program.ts';
import type { Io } from '../io.ts';

export function define(command: Command): void {
  command
    .argument('[words...]', 'the words so far')
    .allowUnknownOption()
    .addHelpText('after', '\nExample:\n  portolan complete -- scan --');
}

/** Prints suggestions for the last of the words, as the completion scripts ask for them. */
export async function run(io: Io, [words]: [string[]]): Promise<void> {
  const program = await completingProgram(io);
  await program.parseAsync(['complete', '--', ...words], { from: 'user' });
}
