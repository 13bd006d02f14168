import type { Command } from 'commander';
import { splitTargets } from '../../core/targets.ts';
import {
  addExclusions,
  type Exclusion,
  listExclusions,
  removeExclusion,
} from '../../store/setup/exclusions.ts';
import { entry } from '../group-commands.ts';
import { write } from '../io.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import type { CommandEntry, CommandModule } from '../command.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
What is excluded is never scanned: by any scan of the tenant, or with --target by scans of that
target.

Examples:
  portolan exclusion add 10.0.3.0/24 --reason 'ventilators'
  portolan exclusion list`,
  );
}

interface Options extends StoreOptions {
  readonly target?: string;
  readonly reason?: string;
}

const shape: Shape<Exclusion> = {
  columns: [
    { title: 'excluded', value: ({ excluded }) => excluded },
    { title: 'from', value: ({ target }) => (target === null ? 'every scan' : target) },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'since', value: ({ created_at: at }) => localTime(at) },
    { title: 'by', value: ({ created_by: by }) => by },
    { title: 'id', value: ({ id }) => id, color: () => 'dim' },
  ],
  toJson: (row) => ({ ...row, created_at: isoTime(row.created_at) }),
  empty: 'Nothing is excluded.',
};

const list: CommandModule = {
  define(command) {
    command.option('--target <name>', 'only what scans of this target leave out');
    addStoreOption(addOutputOptions(command)).addHelpText(
      'after',
      '\nExample:\n  portolan exclusion list --target office --json',
    );
  },
  async run(io, _, options: Options & OutputOptions) {
    await using app = await openFrom(io, options);
    const rows = await listExclusions(app.store.database, options.target);
    await writeRows(io, options, { rows, shape });
  },
};

const add: CommandModule = {
  define(command) {
    command
      .argument('<targets...>', 'addresses, networks, ranges, names')
      .option('--target <name>', 'only from scans of this target')
      .option('--reason <text>', 'why');
    addStoreOption(command).addHelpText(
      'after',
      "\nExample:\n  portolan exclusion add 10.0.3.0/24 --reason 'ventilators'",
    );
  },
  async run(io, [words], options: Options) {
    await using app = await openFrom(io, options, true);
    const excluded = (words as string[]).flatMap(splitTargets);
    const { target, reason } = options;
    await addExclusions(app.store.database, { excluded, target, reason });
    await write(io.stdout, `excluded ${excluded.join(', ')}\n`);
  },
};

const remove: CommandModule = {
  define(command) {
    command
      .argument('<what>', 'what is excluded, as it was given, or the id')
      .option('--target <name>', 'where it is excluded from scans of this target');
    addStoreOption(command).addHelpText(
      'after',
      '\nExample:\n  portolan exclusion remove 10.0.3.0/24',
    );
  },
  async run(io, [what], options: Options) {
    await using app = await openFrom(io, options);
    await removeExclusion(app.store.database, what as string, options.target);
    await write(io.stdout, `${String(what)} is no longer excluded\n`);
  },
};

export const commands: readonly CommandEntry[] = [
  entry('list', 'list what is never scanned', list),
  entry('add', 'exclude addresses, networks or names from scans', add),
  entry('remove', 'let something be scanned again', remove),
];
