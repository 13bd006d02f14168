import type { Command } from 'commander';
import { readConfig } from '../../../config.ts';
import { openRegistry, type Registry } from '../../../portman/registry.ts';
import type { CommandModule } from '../../command.ts';
import { type Io, write } from '../../io.ts';
import {
  addOutputOptions,
  formatOf,
  type OutputOptions,
  type Shape,
  writeRows,
} from '../../output.ts';

/** What the work of a command gets. */
interface Request<Operands, Options> {
  readonly io: Io;
  readonly operands: Operands;
  readonly options: Options;
}

/** What a command prints: a value with `--json`, else text. */
export interface Answer {
  readonly json: unknown;
  /** Spaces before the members of an object; one line by default. */
  readonly indent?: number;
  readonly text?: string;
  /** The exit status; 0 by default. */
  readonly status?: number;
  /** Called once it is printed. */
  readonly afterwards?: () => void;
}

/** The rows of a list. */
interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Printed to stderr after them. */
  readonly note?: string;
  /** The exit status; 0 by default. */
  readonly status?: number;
}

interface CommandSpec<Result, Operands, Options> {
  /** Adds arguments and options. */
  readonly define?: (command: Command) => void;
  /** Printed after the options. */
  readonly help: string;
  readonly work: (
    registry: Registry,
    request: Request<Operands, Options>,
  ) => Result | Promise<Result>;
}

/** A {@link CommandModule} whose functions need no `this`, so that a file can export them. */
export interface Exports {
  readonly define: (command: Command) => void;
  readonly run: CommandModule['run'];
}

/** A command that does one thing with the registry. Adds `--json`. */
export function registryCommand<Operands extends readonly unknown[] = [], Options = object>({
  define,
  help,
  work,
}: CommandSpec<Answer, Operands, Options & { readonly json?: boolean }>): Exports {
  return {
    define(command) {
      define?.(command);
      command.option('--json', 'print JSON').addHelpText('after', help);
    },
    run: async (io, operands: Operands, options: Options & { readonly json?: boolean }) =>
      withRegistry(io, async (registry) => {
        const answer = await work(registry, { io, operands, options });
        const { json, indent, text = '', status, afterwards } = answer;
        await write(io.stdout, options.json ? `${JSON.stringify(json, null, indent)}\n` : text);
        afterwards?.();
        return status;
      }),
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
  work,
  columns,
  empty = '',
  toCsv,
}: CommandSpec<Rows<Row>, Operands, Options> &
  Pick<Shape<NoInfer<Row>>, 'columns'> & {
    /** What is said where there are no rows. */
    readonly empty?: string;
    /** The flat object of a row for CSV; the row itself by default. */
    readonly toCsv?: (row: NoInfer<Row>) => object;
  }): Exports {
  return {
    define(command) {
      define?.(command);
      addOutputOptions(command).addHelpText('after', help);
    },
    async run(io, operands: Operands, options: Options & OutputOptions) {
      const { rows, note, status } = await withRegistry(io, async (registry) =>
        work(registry, { io, operands, options }),
      );
      const toJson = formatOf(options) === 'csv' ? toCsv : undefined;
      await writeRows(io, options, { rows, shape: { columns, empty, ...(toJson && { toJson }) } });
      await write(io.stderr, note ?? '');
      return status;
    },
  };
}

/** Calls back with the registry that the environment names, and closes it afterwards. */
export async function withRegistry<T>(
  io: Io,
  body: (registry: Registry) => Promise<T>,
): Promise<T> {
  using registry = await openRegistry(readConfig(io.env).portRegistry);
  return await body(registry);
}
