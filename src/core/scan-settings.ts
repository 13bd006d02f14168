import { AppError, messageOf } from '../errors.ts';
import { omitUndefined } from './omit-undefined.ts';
import { type Field, faultOf, flag, integer, number, text, type Values } from './field.ts';
import { parsePorts } from './ports.ts';

/** How a setting is validated and spelled on the command line. */
interface Setting extends Field<boolean | number | string> {
  readonly isNumber?: true;
  /**
   * Whether it limits the load on a network: the stricter of a target's and a profile's values
   * wins.
   */
  readonly isLimit?: true;
  /** The flags of its option, in commander's syntax, and its description. */
  readonly option: readonly [flags: string, description: string];
  /** The option's words and the values that they stand for. */
  readonly choices?: Readonly<Record<string, boolean>>;
}

/** The settings that a scan's configuration stores unchanged. */
export const storedSettings = {
  reverse_dns: {
    ...flag,
    byDefault: true,
    option: ['-n, --no-dns', 'skip reverse DNS for hosts that are up'],
  },
  probe: {
    ...flag,
    byDefault: true,
    option: ['--no-probe', 'only find open ports; do not identify services'],
  },
  record_all: {
    ...flag,
    byDefault: false,
    option: [
      '--record <what>',
      '"open" stores open ports and counts the others (default); "all" stores every port',
    ],
    choices: { open: false, all: true },
  },
  rate: {
    ...number(0, 10_000_000),
    byDefault: 500,
    isLimit: true,
    option: ['--rate <n>', 'maximum connections per second; 0 for no limit'],
  },
  host_parallelism: {
    ...integer(1),
    byDefault: 50,
    isLimit: true,
    option: ['--host-parallelism <n>', 'maximum connections at once to one host'],
  },
  parallelism: {
    ...integer(1, 100_000),
    byDefault: 4000,
    isLimit: true,
    option: ['--parallelism <n>', 'maximum connections at once'],
  },
  timeout_ms: {
    ...integer(1),
    byDefault: 1500,
    option: ['--timeout <ms>', 'timeout for one connection'],
  },
  retries: {
    ...integer(0, 20),
    byDefault: 2,
    option: ['--retries <n>', 'retries for a port that does not answer'],
  },
  retry_delay_ms: {
    ...integer(0),
    byDefault: 1000,
    option: ['--retry-delay <ms>', 'minimum time between two tries of a port'],
  },
  host_timeout_ms: {
    ...integer(0),
    byDefault: 0,
    option: ['--host-timeout <ms>', 'time limit for one host; 0 for none'],
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** Every setting for profiles, targets and the command line. */
const declared = {
  ports: {
    ...text,
    needs: 'a list of ports',
    option: ['-p, --ports <list>', 'ports: 80,443,8000-8100,U:53, or - for all'],
  },
  top_ports: {
    ...integer(1, 65_535),
    option: ['--top-ports <n>', 'the n most common ports (default: 1,000)'],
  },
  timing: {
    ...integer(0, 5),
    option: ['-T, --timing <0-5>', 'timing template, 0 slowest to 5 fastest'],
  },
  ...storedSettings,
  assume_up: {
    ...flag,
    option: ['--assume-up', 'treat every host as up and scan it, as nmap -Pn'],
  },
  resolve_all: {
    ...flag,
    option: ['--resolve-all', 'scan every address of a name, not only the first'],
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** Scan settings; omitted ones have defaults. */
export type ScanSettings = Partial<Values<typeof declared>>;

export type SettingName = keyof ScanSettings;

/** The settings by name. */
export const settings: Readonly<Record<SettingName, Setting>> = declared;

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

export const settingNames: readonly SettingName[] = Object.keys(settings).filter(isSettingName);

/**
 * Validates each setting.
 *
 * @param source their origin, for the message: `profile "web"`
 * @throws AppError INVALID_INPUT naming the setting that is not one, or its value
 */
export function assertSettings(value: object, source: string): asserts value is ScanSettings {
  for (const [name, held] of Object.entries(value)) {
    if (!isSettingName(name)) {
      throw new AppError(
        'INVALID_INPUT',
        `${source}: "${name}" is not a setting; there are ${settingNames.join(', ')}`,
      );
    }
    const fault = faultOf(settings[name], held);
    if (fault !== undefined) throw new AppError('INVALID_INPUT', `${source}: "${name}" ${fault}`);
  }
}

/**
 * Validates settings written by a user.
 *
 * @param source their origin, for the message: `profile "web"`
 * @throws AppError INVALID_INPUT
 */
export function parseScanSettings(value: unknown, source: string): ScanSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('INVALID_INPUT', `${source} must be settings by name, such as "ports: 80"`);
  }
  const parsed: object =
    // YAML reads a single port as a number.
    'ports' in value && typeof value.ports === 'number'
      ? { ...value, ports: String(value.ports) }
      : value;
  assertSettings(parsed, source);
  const { ports, top_ports: top } = parsed;
  if (ports === undefined) return parsed;
  if (top !== undefined) {
    throw new AppError('INVALID_INPUT', `${source}: "ports" and "top_ports" exclude each other`);
  }
  try {
    parsePorts(ports);
  } catch (error) {
    const reason = messageOf(error);
    throw new AppError('INVALID_INPUT', `${source}: "ports" must be a list of ports (${reason})`, {
      cause: error,
    });
  }
  return parsed;
}

/** Merges settings with overrides. Ports and top ports are one choice. */
export function overrideSettings(base: ScanSettings, over: ScanSettings): ScanSettings {
  const { ports: _ports, top_ports: _top, ...withoutPorts } = base;
  const hasPorts = over.ports !== undefined || over.top_ports !== undefined;
  return { ...(hasPorts ? withoutPorts : base), ...omitUndefined(over) };
}

/**
 * The settings of a profile used on a target: the profile's take precedence, and limits are the
 * stricter of both.
 */
export function combineSettings(target: ScanSettings, profile: ScanSettings): ScanSettings {
  const limits = settingNames.flatMap((name) => {
    if (!settings[name].isLimit) return [];
    // 0 means no limit.
    const least = Math.min(...[target, profile].map((given) => Number(given[name] || Infinity)));
    return Number.isFinite(least) ? [[name, least] as const] : [];
  });
  return { ...overrideSettings(target, profile), ...Object.fromEntries(limits) };
}
