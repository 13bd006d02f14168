import { Argument, type Command } from 'commander';
import type { Io } from '../io.ts';
import { completingProgram } from '../completing-program.ts';

export function define(command: Command): void {
  command
    .addArgument(
      new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish', 'powershell']),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  source <(portolan completion bash)\n' +
        '  portolan completion zsh > ~/.zsh/_portolan\n' +
        '  portolan completion fish > ~/.config/fish/completions/portolan.fish',
    );
}

/** Prints the script that makes a shell ask `portolan complete` for suggestions. */
export async function run(io: Io, [shell]: [string]): Promise<void> {
  const program = await completingProgram(io);
  await program.parseAsync(['completion', shell], { from: 'user' });
}
