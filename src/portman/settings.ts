import { AppError } from '../errors.ts';
import { parsePort, parsePortWords } from './port-number.ts';
import { change, type Registry } from './registry.ts';

const noPorts: readonly number[] = [];

const defaults = {
  'request.start': 3000,
  'request.end': 9999,
  'request.avoid': noPorts,
  'stale.days': 30,
  'stale.graceSeconds': 60,
};

type Settings = Readonly<typeof defaults>;
export type SettingName = keyof Settings;

/** How the text of each setting is parsed, and what it means. */
export const settingTable: Readonly<
  Record<SettingName, { parse: (text: string) => number | number[]; summary: string }>
> = {
  'request.start': { parse: parsePort, summary: 'first port given' },
  'request.end': { parse: parsePort, summary: 'last port given' },
  'request.avoid': {
    parse: (text) => (text === '' ? [] : parsePortWords([text])),
    summary: 'ports never given, beside well-known ones',
  },
  'stale.days': { parse: parseCount, summary: 'age of a forgotten reservation' },
  'stale.graceSeconds': { parse: parseCount, summary: 'how long one outlives its process' },
};

export const settingNames: readonly SettingName[] = Object.keys(settingTable).filter(isSettingName);

/** The name of the settings among the configurations. */
export const settingsName = 'settings';
const settingsVersion = '1';

/** What a user has set once for all commands, with defaults. */
export function readSettings(registry: Registry): Settings {
  return { ...defaults, ...readStored(registry) };
}

/**
 * Sets one setting.
 *
 * @param text as typed; ports for `request.avoid`: `3000,4000-4010`, or nothing
 * @throws AppError USAGE, INVALID_PORT
 */
export function writeSetting(registry: Registry, name: SettingName, text: string): void {
  const value = settingTable[name].parse(text);
  const { db, user } = registry;
  change(registry, {}, () => {
    const data = JSON.stringify({ ...readStored(registry), [name]: value });
    const { changes } = db
      .prepare('UPDATE configurations SET data = ?, createdBy = ? WHERE name = ?')
      .run(data, user, settingsName);
    if (changes > 0) return;
    db.prepare(
      'INSERT INTO configurations (name, description, data, version, createdBy) VALUES (?, ?, ?, ?, ?)',
    ).run(settingsName, 'settings of portman', data, settingsVersion, user);
  });
}

/** @throws AppError USAGE */
export function parseSettingName(name: string): SettingName {
  if (isSettingName(name)) return name;
  throw new AppError(
    'USAGE',
    `"${name}" is not a setting; the settings are ${settingNames.join(', ')}`,
  );
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingTable, name);
}

function readStored({ db }: Registry): Partial<Settings> {
  const row = db
    .prepare('SELECT data FROM configurations WHERE name = ? ORDER BY id DESC LIMIT 1')
    .get<{ data: string }>(settingsName);
  const stored: Partial<Settings> = JSON.parse(row?.data ?? '{}');
  return Object.fromEntries(Object.entries(stored).filter(([name]) => isSettingName(name)));
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AppError('USAGE', `"${text}" is not a whole number`);
}
