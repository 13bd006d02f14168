import type { Command } from 'commander';
import type { ScanSettings } from '../../core/scan-settings.ts';
import { localTimeZone } from '../../core/zoned-time.ts';
import { splitTargets } from '../../core/targets.ts';
import { addExclusions, listExclusions } from '../../store/setup/exclusions.ts';
import {
  addTarget,
  findTarget,
  listTargets,
  removeTarget,
  type ScanTarget,
  setTargetEnabled,
} from '../../store/setup/targets.ts';
import { changeCommand, entry, listCommand } from '../group-commands.ts';
import { write } from '../io.ts';
import {
  addOutputOptions,
  formatOf,
  type OutputOptions,
  type Shape,
  withOutput,
} from '../output.ts';
import type { CommandEntry, CommandModule } from '../command.ts';
import { integerOption, numberOption } from '../option-values.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  command.addHelpText(
    'after',
    `
A target is a name for networks, ranges and names, with the ports, exclusions and limits that
belong to them.

Examples:
  portolan target add office 192.168.1.0/24 --exclude 192.168.1.1 --rate 200
  portolan scan --target office`,
  );
}

/** What a table shows of the settings. */
function settingsText(settings: ScanSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

function toJson({ settings, ...target }: ScanTarget): Record<string, unknown> {
  const { created_at: created, updated_at: updated, ...others } = target;
  return { ...others, settings, created_at: isoTime(created), updated_at: isoTime(updated) };
}

const shape: Shape<ScanTarget> = {
  columns: [
    { title: 'target', value: ({ name }) => name },
    { title: 'addresses', value: ({ targets }) => targets.join(', ') },
    { title: 'settings', value: ({ settings }) => settingsText(settings) },
    { title: 'hours', value: ({ hours }) => hours && `${hours.allowed} (${hours.time_zone})` },
    {
      title: 'state',
      value: ({ enabled }) => (enabled ? 'enabled' : 'disabled'),
      color: ({ enabled }) => (enabled ? undefined : 'yellow'),
    },
    { title: 'description', value: ({ description }) => description },
  ],
  toJson,
  empty: 'No targets yet: portolan target add office 192.168.1.0/24',
};

const list = listCommand({
  example: 'portolan target list --json',
  shape,
  rows: (store) => listTargets(store.database),
});

interface AddOptions extends StoreOptions {
  readonly ports?: string;
  readonly topPorts?: number;
  readonly exclude?: readonly string[];
  readonly reason?: string;
  readonly rate?: number;
  readonly parallelism?: number;
  readonly hostParallelism?: number;
  readonly timing?: number;
  readonly assumeUp?: true;
  readonly resolveAll?: true;
  readonly allowedHours?: string;
  readonly timeZone?: string;
  readonly description?: string;
}

const add: CommandModule = {
  define(command) {
    command
      .argument('<name>', 'letters, digits, ".", "_" and "-"')
      .argument('<targets...>', 'addresses, networks, ranges (10.0.0.1-50), names')
      .option('-p, --ports <list>', 'its ports: 80,443,8000-8100,U:53, or - for all')
      .option('--top-ports <n>', 'the n ports most often found open', integerOption(1))
      .option('--exclude <targets...>', 'never scan these with it; a list with commas or spaces')
      .option('--reason <text>', 'why they are excluded')
      .option(
        '--rate <n>',
        'connects a second at most; 0 for no limit',
        numberOption(0, 10_000_000),
      )
      .option('--parallelism <n>', 'connects at once in all', integerOption(1, 100_000))
      .option('--host-parallelism <n>', 'connects at once to one host', integerOption(1))
      .option('-T, --timing <0-5>', 'timing template, 0 slowest to 5 fastest', integerOption(0, 5))
      .option('--assume-up', 'take every host for up')
      .option('--resolve-all', 'scan every address of a name, not only its first')
      .option('--allowed-hours <hours>', 'when it may be scanned: "Mon-Fri 20:00-06:00, Sat-Sun"')
      .option('--time-zone <zone>', 'of those hours (default: the one of this machine)')
      .option('--description <text>', 'what it is');
    addStoreOption(command).addHelpText(
      'after',
      '\nExamples:\n  portolan target add office 192.168.1.0/24 192.168.7.1-50 -p 22,80,443\n' +
        '  portolan target add plant 10.20.0.0/16 --rate 50 --allowed-hours 22:00-05:00',
    );
  },
  async run(io, [name, words], options: AddOptions) {
    await using app = await openFrom(io, options, true);
    const { allowedHours, timeZone, description, reason } = options;
    const excluded = (options.exclude ?? []).flatMap(splitTargets);
    await app.store.database.transaction(async (tx) => {
      await addTarget(tx, {
        name: name as string,
        description,
        targets: (words as string[]).flatMap(splitTargets),
        settings: settingsOf(options),
        hours:
          allowedHours === undefined
            ? undefined
            : { allowed: allowedHours, time_zone: timeZone ?? localTimeZone() },
      });
      await addExclusions(tx, { excluded, target: name as string, reason });
    });
    await write(io.stdout, `added target ${String(name)}\n`);
  },
};

function settingsOf(options: AddOptions): ScanSettings {
  const given = {
    ports: options.ports,
    top_ports: options.topPorts,
    rate: options.rate,
    parallelism: options.parallelism,
    host_parallelism: options.hostParallelism,
    timing: options.timing,
    assume_up: options.assumeUp,
    resolve_all: options.resolveAll,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const show: CommandModule = {
  define(command) {
    addStoreOption(addOutputOptions(command.argument('<name>', 'its name'))).addHelpText(
      'after',
      '\nExample:\n  portolan target show office',
    );
  },
  async run(io, [name], options: OutputOptions & StoreOptions) {
    await using app = await openFrom(io, options);
    const target = await findTarget(app.store.database, name as string);
    const exclusions = await listExclusions(app.store.database, target.name);
    if (formatOf(options) !== 'table') {
      const value = { ...toJson(target), exclusions };
      const text = JSON.stringify(value, null, options.json ? 2 : 0);
      return await withOutput(io, options, (stream) => write(stream, `${text}\n`));
    }
    const { hours } = target;
    const lines: [string, string][] = [
      ['Target', target.name],
      ['Description', target.description ?? ''],
      ['State', target.enabled ? 'enabled' : 'disabled'],
      ['Addresses', target.targets.join(', ')],
      ['Settings', settingsText(target.settings)],
      ['Hours', hours ? `${hours.allowed} (${hours.time_zone})` : ''],
      ['Added', `${localTime(target.created_at)} by ${target.created_by ?? ''}`],
      ...exclusions.map(({ excluded, target: own, reason }): [string, string] => [
        'Excluded',
        `${excluded}${own === null ? ' (from every scan)' : ''}${reason === null ? '' : `: ${reason}`}`,
      ]),
    ];
    const text = lines.filter(([, value]) => value !== '');
    return await withOutput(io, options, (stream) =>
      write(stream, text.map(([title, value]) => `${title.padEnd(13)}${value}\n`).join('')),
    );
  },
};

const remove = changeCommand({
  note: 'Its exclusions go with it, its scans stay.',
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
  entry('list', 'list targets', list),
  entry('add', 'add a target', add),
  entry('show', 'show one target and what is excluded from it', show),
  entry('enable', 'allow scans of a target', enabling(true)),
  entry('disable', 'refuse scans of a target', enabling(false)),
  entry('remove', 'remove a target', remove),
];
