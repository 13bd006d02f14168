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
   * @returns the exit status; nothing for 0
   */
  run(io: Io, operands: readonly unknown[], options: object): Promise<number | void>;
}

/** One line of the list of commands. Its module is loaded when it runs. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Left out of the list in `--help`: nobody types it. */
  readonly isHidden?: true;
  readonly load: () => Promise<CommandModule>;
}

/** Every command, in the order of `portolan --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'complete',
    summary: 'print suggestions for the words so far, for the completion scripts',
    isHidden: true,
    load: () => import('./commands/complete.ts'),
  },
];
