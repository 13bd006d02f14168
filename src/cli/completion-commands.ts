import { Argument } from 'commander';
import { completingProgram } from './completing-program.ts';
import type { CommandModule, Program } from './command.ts';

/** The command that prints the script which makes a shell ask `complete` for suggestions. */
export function completionCommand(program: Program): CommandModule {
  const { name } = program;
  return {
    define(command) {
      command
        .addArgument(
          new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish', 'powershell']),
        )
        .addHelpText(
          'after',
          `\nExamples:\n  source <(${name} completion bash)\n` +
            `  ${name} completion zsh > ~/.zsh/_${name}\n` +
            `  ${name} completion fish > ~/.config/fish/completions/${name}.fish`,
        );
    },
    async run(io, [shell]: [string]) {
      const command = await completingProgram(io, program, []);
      await command.parseAsync(['completion', shell], { from: 'user' });
    },
  };
}

/** The command that prints suggestions for the last of the words, as the scripts ask for them. */
export function completeCommand(program: Program): CommandModule {
  return {
    define(command) {
      command
        .argument('[words...]', 'the words so far')
        .allowUnknownOption()
        .addHelpText('after', `\nExample:\n  ${program.name} complete -- ${example(program)} --`);
    },
    async run(io, [words]: [string[]]) {
      const command = await completingProgram(io, program, words);
      await command.parseAsync(['complete', '--', ...words], { from: 'user' });
    },
  };
}

function example({ commands }: Program): string {
  return commands[0]?.name ?? '';
}
