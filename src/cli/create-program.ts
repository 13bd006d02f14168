import { Command } from 'commander';
import type { CommandEntry, Program } from './command.ts';
import type { Io } from './io.ts';

/** Whether the words have all of the names in their order, others between them. */
export function areInOrder(names: readonly string[], words: readonly string[]): boolean {
  let at = -1;
  return names.every((name) => (at = words.indexOf(name, at + 1)) >= 0);
}

interface Definition {
  readonly program: Program;
  /** Picks commands by their names from the program on: `scan`, `portman config get`. */
  readonly define: (path: string) => boolean;
  readonly leaveOut?: readonly string[];
  /** The whole command line. */
  readonly line?: readonly string[];
  readonly onStatus?: (status: number) => void;
}

/**
 * The program with every command listed, and those that `define` picks complete with their
 * options: loading all of them at every start would take longer than most of them run.
 */
export async function createProgram(io: Io, definition: Definition): Promise<Command> {
  const { name, description, commands } = definition.program;
  const program = quiet(new Command(name), io)
    .description(description)
    .option('-V, --version', 'print the version')
    .addHelpText('after', `\n"${name} COMMAND --help" shows its options and an example.`);
  await addCommands(program, commands, { ...definition, io, path: '' });
  return program;
}

async function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  definition: Definition & { io: Io; path: string },
): Promise<void> {
  const { io, leaveOut = [], line = [], onStatus } = definition;
  for (const { name, summary, load, isHidden = false } of entries) {
    if (leaveOut.includes(name)) continue;
    const command = quiet(new Command(name), io).summary(summary).description(`${summary}.`);
    const path = `${definition.path} ${name}`.trim();
    if (definition.define(path)) {
      const module = await load();
      module.define(command);
      if ('commands' in module) {
        await addCommands(command, module.commands, { ...definition, path });
      } else {
        command.action(async () => {
          const options = command.opts();
          onStatus?.((await module.run(io, command.processedArgs, options, line)) ?? 0);
        });
      }
    }
    parent.addCommand(command, { hidden: isHidden });
  }
}

/** Output through the caller's streams, and errors as exceptions. */
function quiet(command: Command, io: Io): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    // Help where a command of a group is missing; of errors report() tells.
    writeErr: (text) => void io.stderr.write(text),
    outputError: () => undefined,
    getOutHelpWidth: () => io.stdout.columns ?? 100,
  });
}
