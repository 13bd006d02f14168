import type { Command } from 'commander';
import type { Registry } from '../../../portman/registry.ts';
import type { Column } from '../../../resources/resource.ts';
import type { CommandModule } from '../../command.ts';
import { type Io, write } from '../../io.ts';
import { addOutputOptions, type OutputOptions, writeRows } from '../../output.ts';
import { withRegistry } from './with-registry.ts';

/** What the work of a command gets. */
export interface RegistryWork<Operands, Options> {
  readonly io: Io;
  readonly operands: Operands;
  readonly options: Options;
}

/** What a command prints: a value with `--json`, else text. */
export interface Answer {
  readonly json: unknown;
  /** Spaces before the members of an object; one line by default. */
  readonly indent?: number;
  readonly text: string;
  /** The exit status; 0 by default. */
  readonly status?: number;
}

/** A command that does one thing with the registry. Adds `--json`. */
export function registryCommand<Operands extends readonly unknown[] = [], Options = object>({
  define,
  help,
  work,
}: {
  /** Adds arguments and options. */
  readonly define?: (command: Command) => void;
  readonly help: string;
  readonly work: (
    registry: Registry,
    request: RegistryWork<Operands, Options>,
  ) => Answer | Promise<Answer>;
}): CommandModule {
  return {
    define(command) {
      define?.(command);
      command.option('--json', 'print JSON').addHelpText('after', help);
    },
    async run(io, operands: Operands, options: Options & { readonly json?: boolean }) {
      const { json, indent, text, status } = await withRegistry(io, async (registry) =>
        work(registry, { io, operands, options }),
      );
      await write(io.stdout, options.json ? `${JSON.stringify(json, null, indent)}\n` : text);
      return status;
    },
  };
}

/** A command that lists rows of the registry. Adds the output options. */
export function registryTable<
  Row extends object,
  Operands extends readonly unknown[] = [],
  Options = object,
>({
  define,
  help,
  columns,
  empty = '',
  rows,
  statusOf,
}: {
  readonly define?: (command: Command) => void;
  readonly help: string;
  readonly columns: readonly Column<NoInfer<Row>>[];
  /** What is said where there are no rows. */
  readonly empty?: string;
  readonly rows: (
    registry: Registry,
    request: RegistryWork<Operands, Options>,
  ) => readonly Row[] | Promise<readonly Row[]>;
  /** The exit status of rows; 0 by default. */
  readonly statusOf?: (rows: readonly NoInfer<Row>[]) => number;
}): CommandModule {
  return {
    define(command) {
      define?.(command);
      addOutputOptions(command).addHelpText('after', help);
    },
    async run(io, operands: Operands, options: Options & OutputOptions) {
      const found = await withRegistry(io, async (registry) =>
        rows(registry, { io, operands, options }),
      );
      await writeRows(io, options, { rows: found, shape: { columns, empty } });
      return statusOf?.(found);
    },
  };
}
