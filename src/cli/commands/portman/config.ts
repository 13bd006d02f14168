import type { Command } from 'commander';
import {
  parseSettingName,
  readSettingValues,
  settingNames,
  settingTable,
  writeSetting,
} from '../../../portman/settings.ts';
import { write } from '../../io.ts';
import { addOutputOptions, writeRows } from '../../output.ts';
import type { CommandEntry, CommandModule } from '../../command.ts';
import { withRegistry } from './with-registry.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `\nSettings:\n${settingNames.map((name) => `  ${name.padEnd(20)} ${settingTable[name].summary}\n`).join('')}` +
      '\nExamples:\n  portman config set request.start 4000\n  portman config save before-move',
  );
}

const show: CommandModule = {
  define(command: Command) {
    addOutputOptions(command).addHelpText('after', '\nExample:\n  portman config show');
  },
  async run(io, _, options) {
    const values = await withRegistry(io, (registry) =>
      Promise.resolve(readSettingValues(registry)),
    );
    const rows = settingNames.map((name) => ({ name, value: values[name] }));
    await writeRows(io, options, {
      rows,
      shape: {
        columns: [
          { title: 'setting', value: ({ name }) => name },
          { title: 'value', value: ({ value }) => String(value) },
          { title: 'meaning', value: ({ name }) => settingTable[name].summary },
        ],
        empty: '',
      },
    });
  },
};

const get: CommandModule = {
  define(command: Command) {
    command
      .argument('<setting>', 'its name')
      .option('--json', 'print JSON')
      .addHelpText('after', '\nExample:\n  portman config get request.start');
  },
  async run(io, [name], options) {
    const setting = parseSettingName(name as string);
    const values = await withRegistry(io, (registry) =>
      Promise.resolve(readSettingValues(registry)),
    );
    const value = values[setting];
    const isJson = (options as { json?: boolean }).json;
    await write(io.stdout, `${isJson ? JSON.stringify(value) : String(value)}\n`);
  },
};

const set: CommandModule = {
  define(command: Command) {
    command
      .argument('<setting>', 'its name')
      .argument('<value>', 'its value')
      .option('--json', 'print JSON')
      .addHelpText('after', '\nExample:\n  portman config set request.avoid 8080,9000-9010');
  },
  async run(io, [name, value], options) {
    const setting = parseSettingName(name as string);
    const values = await withRegistry(io, (registry) => {
      writeSetting(registry, setting, value as string);
      return Promise.resolve(readSettingValues(registry));
    });
    if ((options as { json?: boolean }).json) {
      await write(io.stdout, `${JSON.stringify({ name: setting, value: values[setting] })}\n`);
    }
  },
};

/** `show`, `get`, `set` for settings; `save`, `load`, `list` for named states of the registry. */
export const commands: readonly CommandEntry[] = [
  { name: 'show', summary: 'show all settings', load: () => Promise.resolve(show) },
  { name: 'get', summary: 'print one setting', load: () => Promise.resolve(get) },
  { name: 'set', summary: 'change one setting', load: () => Promise.resolve(set) },
  {
    name: 'save',
    summary: 'save the reservations under a name',
    load: async () => (await import('./config-snapshots.ts')).save,
  },
  {
    name: 'load',
    summary: 'take the reservations of a name in',
    load: async () => (await import('./config-snapshots.ts')).load,
  },
  {
    name: 'list',
    summary: 'list the saved names',
    load: async () => (await import('./config-snapshots.ts')).list,
  },
];
