import { AppError } from '../errors.ts';
import { defaultRange } from './free-ports.ts';
import { parsePort, parsePortWords } from './port-number.ts';
import { change, type Registry } from './registry.ts';
import { defaultStaleLimits } from './stale.ts';

/** What a user may set once for all commands. */
export interface Settings {
  readonly request: {
    readonly start: number;
    readonly end: number;
    readonly avoid: readonly number[];
  };
  readonly stale: { readonly days: number; readonly graceSeconds: number };
}

export type SettingName =
  'request.start' | 'request.end' | 'request.avoid' | 'stale.days' | 'stale.graceSeconds';

/** A setting: how its text is read, what it is by default. */
interface Setting {
  readonly parse: (text: string) => number | readonly number[];
  readonly initial: number | readonly number[];
  readonly summary: string;
}

/** Every setting. */
export const settingTable: Readonly<Record<SettingName, Setting>> = {
  'request.start': { parse: parsePort, initial: defaultRange.start, summary: 'first port given' },
  'request.end': { parse: parsePort, initial: defaultRange.end, summary: 'last port given' },
  'request.avoid': {
    parse: (text) => (text === '' ? [] : parsePortWords([text])),
    initial: [],
    summary: 'ports never given, beside well-known ones',
  },
  'stale.days': {
    parse: parseCount,
    initial: defaultStaleLimits.days,
    summary: 'age of a forgotten reservation',
  },
  'stale.graceSeconds': {
    parse: parseCount,
    initial: defaultStaleLimits.graceMs / 1000,
    summary: 'how long one outlives its process',
  },
};

export const settingNames = Object.keys(settingTable) as SettingName[];

type Values = Readonly<Record<SettingName, number | readonly number[]>>;

/** The name under which the settings stand among the configurations. */
export const settingsName = 'settings';
const settingsVersion = '1';

/** The settings, defaults filled in. */
export function readSettings(registry: Registry): Settings {
  const values = readSettingValues(registry);
  return {
    request: {
      start: values['request.start'] as number,
      end: values['request.end'] as number,
      avoid: values['request.avoid'] as readonly number[],
    },
    stale: {
      days: values['stale.days'] as number,
      graceSeconds: values['stale.graceSeconds'] as number,
    },
  };
}

/** The settings by name. */
export function readSettingValues(registry: Registry): Values {
  const stored = readStored(registry);
  return Object.fromEntries(
    settingNames.map((name) => [name, stored[name] ?? settingTable[name].initial]),
  ) as Values;
}

/**
 * Sets one setting.
 *
 * @param text as it is typed; ports for `request.avoid`: `3000,4000-4010`, or nothing
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
  if (Object.hasOwn(settingTable, name)) return name as SettingName;
  throw new AppError(
    'USAGE',
    `"${name}" is no setting; the settings are ${settingNames.join(', ')}`,
  );
}

function readStored({ db }: Registry): Partial<Values> {
  const row = db
    .prepare('SELECT data FROM configurations WHERE name = ? ORDER BY id DESC LIMIT 1')
    .get<{ data: string }>(settingsName);
  return row ? (JSON.parse(row.data) as Partial<Values>) : {};
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AppError('USAGE', `"${text}" is no whole number`);
}
