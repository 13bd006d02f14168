import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AppError, messageOf } from '../../errors.ts';
import { findProfile, saveOwnProfile } from '../../jobs/profiles.ts';
import { formatProfile, parseProfile } from '../../scan/profile-file.ts';
import { removeProfile } from '../../store/setup/profiles.ts';
import { type CommandEntry, type CommandModule, entry } from '../command.ts';
import { changeCommand, showCommand } from '../group-commands.ts';
import { type Io, write } from '../io.ts';
import { listEntry } from '../list-entry.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A profile is a named set of scan settings: some are built in, others are your own YAML files.

Examples:
  portolan scan 10.0.0.0/24 --profile web
  portolan profile show web > mine.yaml
  portolan profile save mine mine.yaml`,
  );
}

const show = showCommand({
  note: 'Prints the YAML that "profile save" reads.',
  example: 'portolan profile show web',
  hasBuiltIns: true,
  find: (store, name) => findProfile(store.database, name),
  text: formatProfile,
  json: (profile) => profile,
});

const save: CommandModule = {
  define(command) {
    command
      .argument('<name>', 'letters, digits, ".", "_" and "-"; replaces one of your own')
      .argument('<file>', 'a YAML file; - for stdin');
    addStoreOption(command).addHelpText(
      'after',
      '\nExample:\n  echo "settings: {ports: \'80,443\', rate: 100}" | portolan profile save mine -',
    );
  },
  async run(io, [name, file]: [string, string], options: StoreOptions) {
    const profile = parseProfile(await readProfile(io, file), file === '-' ? 'stdin' : file);
    await using app = await openFrom(io, options, true);
    await saveOwnProfile(app.store.database, { name, ...profile });
    await write(io.stdout, `saved profile ${name}\n`);
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
  listEntry('profiles', 'profile list'),
  entry('show', 'print a profile as YAML', () => show),
  entry('save', 'save a profile of your own', () => save),
  entry('remove', 'remove a profile of your own', () => remove),
];
