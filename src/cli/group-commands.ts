import type { Store } from '../store/store.ts';
import { write } from './io.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from './output.ts';
import type { CommandEntry, CommandModule } from './command.ts';
import { addStoreOption, openFrom, type StoreOptions } from './store-option.ts';

/** A command of a group whose module is its group's. */
export function entry(name: string, summary: string, module: CommandModule): CommandEntry {
  return { name, summary, load: () => Promise.resolve(module) };
}

/** The command `list` of a group. */
export function listCommand<Row>({
  example,
  shape,
  rows,
  create = false,
}: {
  readonly example: string;
  readonly shape: Shape<Row>;
  readonly rows: (store: Store) => Promise<readonly Row[]>;
  /** Whether there is something to list where there is no store yet. */
  readonly create?: boolean;
}): CommandModule {
  return {
    define(command) {
      addStoreOption(addOutputOptions(command)).addHelpText('after', `\nExample:\n  ${example}`);
    },
    async run(io, _, options: OutputOptions & StoreOptions) {
      await using app = await openFrom(io, options, create);
      await writeRows(io, options, { rows: await rows(app.store), shape });
    },
  };
}

/** A command that changes what has a name, and says so: `removed target office`. */
export function changeCommand({
  note,
  example,
  done,
  change,
}: {
  /** What its help says above the example. */
  readonly note?: string;
  readonly example: string;
  /** What was done to what kind of thing: `removed target`. */
  readonly done: string;
  readonly change: (store: Store, name: string) => Promise<unknown>;
}): CommandModule {
  return {
    define(command) {
      addStoreOption(command.argument('<name>', 'its name')).addHelpText(
        'after',
        `${note ? `\n${note}\n` : ''}\nExample:\n  ${example}`,
      );
    },
    async run(io, [name], options: StoreOptions) {
      await using app = await openFrom(io, options);
      await change(app.store, name as string);
      await write(io.stdout, `${done} ${String(name)}\n`);
    },
  };
}
