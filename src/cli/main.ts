import { Command, CommanderError } from 'commander';
import { AppError, messageOf } from '../errors.ts';
import { type Io, write } from './io.ts';
import { commands } from './registry.ts';

/**
 * Runs one command.
 *
 * @param argv the words after the program's name
 * @returns the exit status: 0 done, 1 not found or refused by state, 2 wrong usage, others as
 *   sysexits(3) has them, 130 after Ctrl-C
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await run(argv, io);
  } catch (error) {
    return await report(error, argv, io);
  }
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length === 0) {
    const { overview } = await import('./overview.ts');
    await write(io.stdout, await overview(io));
    return 0;
  }
  let status = 0;
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const program = await createProgram(io, {
    define: (name) => name === commandName(words),
    onStatus: (value) => {
      status = value;
    },
  });
  await program.parseAsync(words, { from: 'user' });
  return status;
}

/**
 * The program with every command listed, and those that `define` picks complete with their
 * options: loading all of them at every start would take longer than most of them run.
 */
export async function createProgram(
  io: Io,
  {
    define,
    leaveOut = [],
    onStatus,
  }: {
    define: (name: string) => boolean;
    leaveOut?: readonly string[];
    onStatus?: (status: number) => void;
  },
): Promise<Command> {
  const program = quiet(new Command('portolan'), io)
    .description('The scan database: scan, or take results in, and ask questions about them.')
    .option('-V, --version', 'print the version')
    .addHelpText('after', '\n"portolan COMMAND --help" shows its options and an example.');
  for (const { name, summary, load, isHidden = false } of commands) {
    if (leaveOut.includes(name)) continue;
    const command = quiet(new Command(name), io).summary(summary).description(`${summary}.`);
    if (define(name)) {
      const module = await load();
      module.define(command);
      command.action(async () => {
        onStatus?.((await module.run(io, command.processedArgs, command.opts())) ?? 0);
      });
    }
    program.addCommand(command, { hidden: isHidden });
  }
  return program;
}

/** Output through the caller's streams, and errors as exceptions. */
function quiet(command: Command, io: Io): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    writeErr: () => undefined,
    getOutHelpWidth: () => io.stdout.columns ?? 100,
  });
}

function commandName(words: readonly string[]): string | undefined {
  return words.find((word) => commands.some(({ name }) => name === word));
}

async function report(error: unknown, argv: readonly string[], io: Io): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0 || error.code === 'commander.help') return 0;
    const name = commandName(argv);
    const text = error.message.replace(/^error: /, '');
    await write(io.stderr, `portolan: ${text}\nSee "portolan ${name ? `${name} ` : ''}--help".\n`);
    return 2;
  }
  if (error instanceof AppError) {
    await write(io.stderr, `portolan: ${error.message}\n`);
    return error.exitCode;
  }
  if (io.signal.aborted) return 130;
  // Not foreseen, so a fault of Portolan's own: the stack is what a report of it needs.
  const stack = error instanceof Error ? error.stack : undefined;
  await write(
    io.stderr,
    `portolan: unexpected error: ${messageOf(error)}\n${stack ?? ''}\n` +
      'Please report this with the command that you ran.\n',
  );
  return 70;
}
