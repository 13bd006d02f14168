import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AppError, messageOf } from '../../errors.ts';
import {
  findProfile,
  listProfiles,
  type ListedProfile,
  saveOwnProfile,
} from '../../jobs/profiles.ts';
import { formatProfile, parseProfile } from '../../scan/profile-file.ts';
import { removeProfile } from '../../store/setup/profiles.ts';
import { changeCommand, entry, listCommand } from '../group-commands.ts';
import { type Io, write } from '../io.ts';
import {
  addOutputOptions,
  formatOf,
  type OutputOptions,
  type Shape,
  withOutput,
} from '../output.ts';
import type { CommandEntry, CommandModule } from '../command.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A profile is a way to scan, by name: some come with Portolan, others are YAML of your own.

Examples:
  portolan scan 10.0.0.0/24 --profile web
  portolan profile show web > mine.yaml
  portolan profile save mine mine.yaml`,
  );
}

const shape: Shape<ListedProfile> = {
  columns: [
    { title: 'profile', value: ({ name }) => name },
    { title: 'from', value: ({ is_built_in: isBuiltIn }) => (isBuiltIn ? 'Portolan' : 'you') },
    { title: 'description', value: ({ description }) => description },
  ],
  empty: '',
};

const list = listCommand({
  example: 'portolan profile list --json',
  shape,
  rows: (store) => listProfiles(store.database),
  create: true,
});

const show: CommandModule = {
  define(command) {
    addStoreOption(addOutputOptions(command.argument('<name>', 'its name'))).addHelpText(
      'after',
      '\nPrints the YAML that "profile save" takes.\n\nExample:\n  portolan profile show web',
    );
  },
  async run(io, [name], options: OutputOptions & StoreOptions) {
    await using app = await openFrom(io, options, true);
    const profile = await findProfile(app.store.database, name as string);
    const text =
      formatOf(options) === 'table'
        ? formatProfile(profile)
        : `${JSON.stringify(profile, null, options.json ? 2 : 0)}\n`;
    await withOutput(io, options, (stream) => write(stream, text));
  },
};

const save: CommandModule = {
  define(command) {
    command
      .argument('<name>', 'letters, digits, ".", "_" and "-"; one that you have is replaced')
      .argument('<file>', 'its YAML; - for stdin');
    addStoreOption(command).addHelpText(
      'after',
      '\nExample:\n  echo "settings: {ports: \'80,443\', rate: 100}" | portolan profile save mine -',
    );
  },
  async run(io, [name, file], options: StoreOptions) {
    const profile = parseProfile(
      await readProfile(io, file as string),
      file === '-' ? 'stdin' : String(file),
    );
    await using app = await openFrom(io, options, true);
    await saveOwnProfile(app.store.database, { name: name as string, ...profile });
    await write(io.stdout, `saved profile ${String(name)}\n`);
  },
};

async function readProfile(io: Io, file: string): Promise<string> {
  if (file === '-') return await readAll(io.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('NO_INPUT', `cannot read the profile "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

const remove = changeCommand({
  example: 'portolan profile remove mine',
  done: 'removed profile',
  change: (store, name) => removeProfile(store.database, name),
});

export const commands: readonly CommandEntry[] = [
  entry('list', 'list profiles', list),
  entry('show', 'print a profile as YAML', show),
  entry('save', 'keep a profile of your own', save),
  entry('remove', 'remove a profile of your own', remove),
];
