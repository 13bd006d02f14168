import type { Command } from 'commander';
import type { Io } from './io.ts';

/** A command's module. */
export interface CommandModule {
  /** Adds arguments, options and help to an empty commander command. */
  define(command: Command): void;
  /**
   * Does the work.
   *
   * @param operands the arguments in the order they were defined, undefined where left out
   * @param options the options by their camel-case names
   * @param line every word of the command line, for a command that records it
   * @returns the exit status; nothing for 0
   */
  run(
    io: Io,
    operands: readonly unknown[],
    options: object,
    line: readonly string[],
  ): Promise<number | void>;
}

/** A word with commands of its own: `config` of `config get`. */
interface CommandGroup {
  /** Adds help. */
  define(command: Command): void;
  readonly commands: readonly CommandEntry[];
}

type Loaded = CommandModule | CommandGroup;

/** One line of the list of commands. Its module is loaded when it runs. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Hidden from `--help`: only shells call it. */
  readonly isHidden?: true;
  readonly load: () => Loaded | Promise<Loaded>;
}

/** @param load imports the module, or names it where it is loaded already */
export function entry(name: string, summary: string, load: CommandEntry['load']): CommandEntry {
  return { name, summary, load };
}

/** A program of the package: what its bin hands to `main`. */
export interface Program {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CommandEntry[];
  /** What it prints without arguments. */
  readonly overview: (io: Io) => Promise<string>;
}
