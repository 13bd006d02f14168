import type { Command } from 'commander';
import { splitTargets } from '../../core/targets.ts';
import { localTimeZone } from '../../core/zoned-time.ts';
import { hoursText, settingsText, targetJson } from '../../resources/targets.ts';
import { addExclusions, type Exclusion, listExclusions } from '../../store/setup/exclusions.ts';
import {
  addTarget,
  findTarget,
  removeTarget,
  setTargetEnabled,
} from '../../store/setup/targets.ts';
import { type CommandEntry, type CommandModule, entry } from '../command.ts';
import { changeCommand, showCommand } from '../group-commands.ts';
import { write } from '../io.ts';
import { listEntry } from '../list-entry.ts';
import { addSettingOptions, readSettings } from '../setting-options.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { factList, localTime } from '../text.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A target names networks, ranges and host names, with their ports, exclusions and limits.

Examples:
  portolan target add office 192.168.1.0/24 --exclude 192.168.1.1 --rate 200
  portolan scan --target office`,
  );
}

interface AddOptions extends StoreOptions {
  readonly exclude?: readonly string[];
  readonly reason?: string;
  readonly allowedHours?: string;
  readonly timeZone?: string;
  readonly description?: string;
}

const add: CommandModule = {
  define(command) {
    command
      .argument('<name>', 'letters, digits, ".", "_" and "-"')
      .argument('<targets...>', 'addresses, networks, ranges (10.0.0.1-50), names')
      .option('--exclude <targets...>', 'exclude these, separated by commas or spaces')
      .option('--reason <text>', 'reason for the exclusions')
      .option('--allowed-hours <hours>', 'when it may be scanned: "Mon-Fri 20:00-06:00, Sat-Sun"')
      .option('--time-zone <zone>', 'time zone of those hours (default: this machine’s)')
      .option('--description <text>', 'a description');
    addSettingOptions(command, [
      'ports',
      'top_ports',
      'timing',
      'rate',
      'parallelism',
      'host_parallelism',
      'assume_up',
      'resolve_all',
    ]);
    addStoreOption(command).addHelpText(
      'after',
      '\nExamples:\n  portolan target add office 192.168.1.0/24 192.168.7.1-50 -p 22,80,443\n' +
        '  portolan target add plant 10.20.0.0/16 --rate 50 --allowed-hours 22:00-05:00',
    );
  },
  async run(io, [name, words]: [string, string[]], options: AddOptions) {
    await using app = await openFrom(io, options, true);
    const { allowedHours, timeZone, description, reason } = options;
    const excluded = (options.exclude ?? []).flatMap(splitTargets);
    await app.store.database.transaction(async (tx) => {
      await addTarget(tx, {
        name,
        description,
        targets: words.flatMap(splitTargets),
        settings: readSettings(options),
        hours:
          allowedHours === undefined
            ? undefined
            : { allowed: allowedHours, time_zone: timeZone ?? localTimeZone() },
      });
      await addExclusions(tx, { excluded, target: name, reason });
    });
    await write(io.stdout, `added target ${name}\n`);
  },
};

const show = showCommand({
  example: 'portolan target show office',
  find: async ({ database }, name) => {
    const target = await findTarget(database, name);
    return { target, exclusions: await listExclusions(database, target.name) };
  },
  json: ({ target, exclusions }) => ({ ...targetJson(target), exclusions }),
  text: ({ target, exclusions }) =>
    factList([
      ['Target', target.name],
      ['Description', target.description ?? ''],
      ['State', target.enabled ? 'enabled' : 'disabled'],
      ['Addresses', target.targets.join(', ')],
      ['Settings', settingsText(target.settings)],
      ['Hours', hoursText(target)],
      ['Added', `${localTime(target.created_at)} by ${target.created_by ?? ''}`],
      ...exclusions.map((row) => ['Excluded', exclusionText(row)] as const),
    ]),
});

function exclusionText({ excluded, target, reason }: Exclusion): string {
  const scope = target === null ? ' (from every scan)' : '';
  return `${excluded}${scope}${reason === null ? '' : `: ${reason}`}`;
}

const remove = changeCommand({
  note: 'Removes its exclusions too; its scans stay.',
  example: 'portolan target remove office',
  done: 'removed target',
  change: (store, name) => removeTarget(store.database, name),
});

function enabling(isEnabled: boolean): CommandModule {
  const word = isEnabled ? 'enable' : 'disable';
  return changeCommand({
    example: `portolan target ${word} office`,
    done: `${word}d target`,
    change: (store, name) => setTargetEnabled(store.database, name, isEnabled),
  });
}

export const commands: readonly CommandEntry[] = [
  listEntry('targets', 'target list'),
  entry('add', 'add a target', () => add),
  entry('show', 'show one target and its exclusions', () => show),
  entry('enable', 'allow scans of a target', () => enabling(true)),
  entry('disable', 'refuse scans of a target', () => enabling(false)),
  entry('remove', 'remove a target', () => remove),
];
