import type { Command } from 'commander';
import { splitTargets } from '../../core/targets.ts';
import { addExclusions, removeExclusion } from '../../store/setup/exclusions.ts';
import { type CommandEntry, type CommandModule, entry } from '../command.ts';
import { write } from '../io.ts';
import { listEntry } from '../list-entry.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
Exclusions are never scanned: by any scan of the tenant, or with --target by scans of one target.

Examples:
  portolan exclusion add 10.0.3.0/24 --reason 'ventilators'
  portolan exclusion list`,
  );
}

interface Options extends StoreOptions {
  readonly target?: string;
  readonly reason?: string;
}

const add: CommandModule = {
  define(command) {
    command
      .argument('<targets...>', 'addresses, networks, ranges, names')
      .option('--target <name>', 'only from scans of this target')
      .option('--reason <text>', 'the reason');
    addStoreOption(command).addHelpText(
      'after',
      "\nExample:\n  portolan exclusion add 10.0.3.0/24 --reason 'ventilators'",
    );
  },
  async run(io, [words]: [string[]], options: Options) {
    await using app = await openFrom(io, options, true);
    const excluded = words.flatMap(splitTargets);
    const { target, reason } = options;
    await addExclusions(app.store.database, { excluded, target, reason });
    await write(io.stdout, `excluded ${excluded.join(', ')}\n`);
  },
};

const remove: CommandModule = {
  define(command) {
    command
      .argument('<what>', 'the exclusion as it was added, or its id')
      .option('--target <name>', 'the target that it belongs to');
    addStoreOption(command).addHelpText(
      'after',
      '\nExample:\n  portolan exclusion remove 10.0.3.0/24',
    );
  },
  async run(io, [what]: [string], options: Options) {
    await using app = await openFrom(io, options);
    await removeExclusion(app.store.database, what, options.target);
    await write(io.stdout, `${what} is no longer excluded\n`);
  },
};

export const commands: readonly CommandEntry[] = [
  listEntry('exclusions', 'exclusion list'),
  entry('add', 'exclude addresses, networks or names from scans', () => add),
  entry('remove', 'remove an exclusion', () => remove),
];
