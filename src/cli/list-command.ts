import { type Command, Option } from 'commander';
import { type Filter, resolveFilter } from '../resources/filters.ts';
import type { Resource } from '../resources/resource.ts';
import type { CommandModule } from './command.ts';
import { integerOption, parsedOption } from './option-values.ts';
import { addOutputOptions, type OutputOptions } from './output.ts';
import { addStoreOption, openFrom, type StoreOptions } from './store-option.ts';
import { writeList } from './write-list.ts';

type Options = OutputOptions & StoreOptions & { readonly limit?: number };

/**
 * The command that lists a resource.
 *
 * @param path its words after the program's name: `ports`, `target list`
 */
export function listCommand(path: string, resource: Resource): CommandModule {
  const filters = Object.entries(resource.filters);
  return {
    define(command) {
      for (const [, filter] of filters) addFilter(command, filter);
      command.option('--limit <n>', 'at most this many rows', integerOption(1));
      addStoreOption(addOutputOptions(command)).addHelpText('after', helpText(path, resource));
    },
    async run(io, [words]: readonly (readonly string[])[], options: Options) {
      const values = new Map(Object.entries(options));
      const parsed = filters.map(([key, filter]) => {
        if (!filter.isOperand) return [key, values.get(filter.name)];
        return [key, words?.length ? filter.parse(words.join(' ')) : undefined];
      });
      await using app = await openFrom(io, options, resource.hasBuiltIns);
      const { database } = app.store;
      const filter = await resolveFilter(database, resource.filters, Object.fromEntries(parsed));
      await writeList(io, database, { resource, path, filter, output: options });
    },
  };
}

function addFilter(command: Command, filter: Filter): void {
  const { name, letter, placeholder, description, choices, isOperand } = filter;
  if (isOperand) {
    command.argument(`[${placeholder}...]`, description);
    return;
  }
  const flags = `${letter ? `-${letter}, ` : ''}--${name} <${placeholder}>`;
  const option = new Option(flags, description);
  command.addOption(
    choices
      ? option.choices(choices)
      : option.argParser(parsedOption((text) => filter.parse(text))),
  );
}

function helpText(path: string, { notes, order, filters, examples }: Resource): string {
  const operand = Object.values(filters).find(({ isOperand }) => isOperand)?.name;
  const lines = [{}, ...examples].map((example, index) => {
    const words = Object.entries(example).flatMap(([name, value]) =>
      name === operand ? [value] : [`--${name}`, value],
    );
    if (index === examples.length) words.push('--json');
    return ['  portolan', path, ...words].join(' ');
  });
  const text = notes ? `\n${notes}\n` : '';
  return `${text}\nSorted by ${order}.\n\nExamples:\n${lines.join('\n')}`;
}
