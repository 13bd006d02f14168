import { Command, CommanderError } from 'commander';
import { AppError, messageOf } from '../errors.ts';
import { type Io, stoppedStatus, write } from './io.ts';
import { fromNmapSpelling } from './nmap-spelling.ts';
import type { CommandEntry, Program } from './command.ts';
import { portolan } from './program.ts';

/**
 * Runs one command.
 *
 * @param argv the words after the program's name
 * @param program whose commands they are
 * @returns the exit status: 0 done, 1 not found or refused by state, 2 wrong usage, others as
 *   sysexits(3) has them, 130 after Ctrl-C, 143 after SIGTERM
 */
export async function main(
  argv: readonly string[],
  io: Io,
  program: Program = portolan,
): Promise<number> {
  try {
    return await run(argv, io, program);
  } catch (error) {
    return await report(error, argv, { io, program });
  }
}

async function run(argv: readonly string[], io: Io, program: Program): Promise<number> {
  if (argv.length === 0) {
    await write(io.stdout, await program.overview(io));
    return 0;
  }
  let status = 0;
  const asked = argv[0] === 'help' ? await helpWords(argv.slice(1), program.commands) : argv;
  const words = fromNmapSpelling(asked).map(asOperand);
  const command = await createProgram(io, {
    program,
    define: (path) => areInOrder(path.split(' '), words),
    line: argv,
    onStatus: (value) => {
      status = value;
    },
  });
  await command.parseAsync(words, { from: 'user' });
  return status;
}

/** SQL may begin with a comment, which is no option. */
function asOperand(word: string): string {
  return /^--\s/.test(word) ? ` ${word}` : word;
}

/** `help scan` is `scan --help`; of a command that there is not, the program itself says so. */
async function helpWords(
  words: readonly string[],
  commands: readonly CommandEntry[],
): Promise<readonly string[]> {
  const [name = '--help', ...rest] = words;
  if (name.startsWith('-')) return [...words, '--help'];
  const module = await commands.find((command) => command.name === name)?.load();
  if (!module) return words;
  if (!('commands' in module)) return [...words, '--help'];
  return [name, ...(await helpWords(rest, module.commands))];
}

/** Whether the words have all of the names in their order, others between them. */
export function areInOrder(names: readonly string[], words: readonly string[]): boolean {
  let at = -1;
  return names.every((name) => (at = words.indexOf(name, at + 1)) >= 0);
}

interface Definition {
  readonly program?: Program;
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
  const { name, description, commands } = definition.program ?? portolan;
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

async function report(
  error: unknown,
  argv: readonly string[],
  { io, program }: { io: Io; program: Program },
): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    const name = argv.find((word) => program.commands.some((each) => each.name === word));
    const text = error.message.replace(/^error: /, '');
    await write(
      io.stderr,
      `${program.name}: ${text}\nSee "${program.name} ${name ? `${name} ` : ''}--help".\n`,
    );
    return 2;
  }
  if (error instanceof AppError) {
    await write(io.stderr, `${program.name}: ${error.message}\n`);
    return error.code === 'INTERRUPTED' ? stoppedStatus(io.signal) : error.exitCode;
  }
  if (io.signal.aborted) return stoppedStatus(io.signal);
  // Not foreseen, so a fault of Portolan's own: the stack is what a report of it needs.
  const stack = error instanceof Error ? error.stack : undefined;
  await write(
    io.stderr,
    `${program.name}: unexpected error: ${messageOf(error)}\n${stack ?? ''}\n` +
      'Please report this with the command that you ran.\n',
  );
  return 70;
}
