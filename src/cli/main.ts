import { CommanderError } from 'commander';
import { AppError, messageOf } from '../errors.ts';
import { type Io, stoppedStatus, write } from './io.ts';
import { fromNmapSpelling } from './nmap-spelling.ts';
import type { CommandEntry, Program } from './command.ts';
import { areInOrder, createProgram } from './create-program.ts';

/**
 * Runs one command.
 *
 * @param argv the words after the program's name
 * @param program the program with the commands
 * @returns the exit status: 0 done, 1 not found or refused by state, 2 wrong usage, others as
 *   sysexits(3) has them, 130 after Ctrl-C, 143 after SIGTERM
 */
export async function main(argv: readonly string[], io: Io, program: Program): Promise<number> {
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

/** SQL may begin with a comment, which is not an option. */
function asOperand(word: string): string {
  return /^--\s/.test(word) ? ` ${word}` : word;
}

/** `help scan` is `scan --help`; for an unknown command the program itself reports the error. */
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
