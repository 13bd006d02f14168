import { type Command, Option } from 'commander';
import {
  assertSettings,
  type ScanSettings,
  type SettingName,
  settingNames,
  settings,
} from '../core/scan-settings.ts';
import { numberOption } from './option-values.ts';

function optionOf(name: SettingName): Option {
  return new Option(...settings[name].option);
}

/** The option of a setting, as a user types it: `--rate`. */
export function longFlagOf(name: SettingName): string {
  return optionOf(name).long ?? name;
}

/** Adds the options of some settings. */
export function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const option = optionOf(name);
    const { choices, isNumber } = settings[name];
    if (choices) option.choices(Object.keys(choices));
    if (isNumber) option.argParser(numberOption(settings[name]));
    command.addOption(option);
  }
  return command;
}

/** The settings that the options of a command give. */
export function readSettings(options: object): ScanSettings {
  const values = new Map<string, unknown>(Object.entries(options));
  const given = settingNames.flatMap((name) => {
    const option = optionOf(name);
    const value = values.get(option.attributeName());
    // Commander says true for a "--no-…" that is not given.
    if (value === undefined || (option.negate && value === true)) return [];
    const chosen = typeof value === 'string' ? settings[name].choices?.[value] : undefined;
    return [[name, chosen ?? value] as const];
  });
  const read = Object.fromEntries(given);
  assertSettings(read, 'the command line');
  return read;
}
