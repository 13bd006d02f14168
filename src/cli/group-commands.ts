import type { Store } from '../store/store.ts';
import type { CommandModule } from './command.ts';
import { write } from './io.ts';
import { addOutputOptions, type OutputOptions, writeOne } from './output.ts';
import { addStoreOption, openFrom, type StoreOptions } from './store-option.ts';

/** A command that shows something with a name. */
export function showCommand<Row>({
  note,
  example,
  find,
  text,
  json,
  hasBuiltIns,
}: {
  /** Its help above the example. */
  readonly note?: string;
  readonly example: string;
  readonly find: (store: Store, name: string) => Promise<Row>;
  readonly text: (row: Row) => string;
  readonly json: (row: Row) => unknown;
  /** Whether there are rows before a store exists. */
  readonly hasBuiltIns?: boolean;
}): CommandModule {
  return {
    define(command) {
      command.argument('<name>', 'its name');
      addStoreOption(addOutputOptions(command)).addHelpText('after', helpText(note, example));
    },
    async run(io, [name = '']: readonly string[], options: OutputOptions & StoreOptions) {
      await using app = await openFrom(io, options, hasBuiltIns);
      const row = await find(app.store, name);
      await writeOne(io, options, { text: () => text(row), json: () => json(row) });
    },
  };
}

/** A command that changes something with a name and confirms it: `removed target office`. */
export function changeCommand({
  note,
  example,
  done,
  change,
}: {
  readonly note?: string;
  readonly example: string;
  /** The change and the kind of thing: `removed target`. */
  readonly done: string;
  readonly change: (store: Store, name: string) => Promise<unknown>;
}): CommandModule {
  return {
    define(command) {
      addStoreOption(command.argument('<name>', 'its name')).addHelpText(
        'after',
        helpText(note, example),
      );
    },
    async run(io, [name = '']: readonly string[], options: StoreOptions) {
      await using app = await openFrom(io, options);
      await change(app.store, name);
      await write(io.stdout, `${done} ${name}\n`);
    },
  };
}

function helpText(note: string | undefined, example: string): string {
  return `${note ? `\n${note}\n` : ''}\nExample:\n  ${example}`;
}
