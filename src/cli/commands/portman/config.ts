import type { Command } from 'commander';
import {
  parseSettingName,
  readSettings,
  settingNames,
  settingTable,
  writeSetting,
} from '../../../portman/settings.ts';
import { type CommandEntry, entry } from '../../command.ts';
import { registryCommand, registryTable } from './registry-command.ts';

export function define(command: Command): void {
  const lines = settingNames.map((name) => `  ${name.padEnd(20)} ${settingTable[name].summary}\n`);
  command.addHelpText(
    'after',
    `\nSettings:\n${lines.join('')}` +
      '\nExamples:\n  portman config set request.start 4000\n  portman config save before-move',
  );
}

const show = registryTable({
  help: '\nExample:\n  portman config show',
  work(registry) {
    const settings = readSettings(registry);
    return { rows: settingNames.map((name) => ({ name, value: settings[name] })) };
  },
  columns: [
    { title: 'setting', value: ({ name }) => name },
    { title: 'value', value: ({ value }) => String(value) },
    { title: 'meaning', value: ({ name }) => settingTable[name].summary },
  ],
});

const get = registryCommand<[string]>({
  define: (command) => command.argument('<setting>', 'its name'),
  help: '\nExample:\n  portman config get request.start',
  work(registry, { operands: [name] }) {
    const value = readSettings(registry)[parseSettingName(name)];
    return { json: value, text: `${String(value)}\n` };
  },
});

const set = registryCommand<[string, string]>({
  define: (command) => command.argument('<setting>', 'its name').argument('<value>', 'its value'),
  help: '\nExample:\n  portman config set request.avoid 8080,9000-9010',
  work(registry, { operands: [word, value] }) {
    const name = parseSettingName(word);
    writeSetting(registry, name, value);
    return { json: { name, value: readSettings(registry)[name] } };
  },
});

/** `show`, `get`, `set` for settings; `save`, `load`, `list` for saved states of the registry. */
export const commands: readonly CommandEntry[] = [
  entry('show', 'show all settings', () => show),
  entry('get', 'print one setting', () => get),
  entry('set', 'change one setting', () => set),
  entry('save', 'save the reservations under a name', () =>
    import('./config-snapshots.ts').then(({ save }) => save),
  ),
  entry('load', 'restore reservations that were saved under a name', () =>
    import('./config-snapshots.ts').then(({ load }) => load),
  ),
  entry('list', 'list the saved names', () =>
    import('./config-snapshots.ts').then(({ list }) => list),
  ),
];
