import { AppError, messageOf } from '../errors.ts';
import { parsePorts } from './ports.ts';

/** How to scan, as a profile or a target keeps it; what is left out has its usual default. */
export interface ScanSettings {
  /** A port list that `parsePorts` reads. */
  readonly ports?: string;
  /** The n TCP ports most often found open, instead of `ports`. */
  readonly top_ports?: number;
  /** Timing template 0 … 5. */
  readonly timing?: number;
  /** Connects a second over all hosts; 0 for no limit. */
  readonly rate?: number;
  /** Connects at once, in all and to one host. */
  readonly parallelism?: number;
  readonly host_parallelism?: number;
  readonly timeout_ms?: number;
  readonly retries?: number;
  readonly retry_delay_ms?: number;
  readonly host_timeout_ms?: number;
  /** Every host is taken for up. */
  readonly assume_up?: boolean;
  /** Open ports are asked what they are. */
  readonly probe?: boolean;
  /** Every port is a row, not only the open ones. */
  readonly record_all?: boolean;
  /** DNS is asked for the names of hosts that are up. */
  readonly reverse_dns?: boolean;
  /** Every address of a name is scanned, not only its first. */
  readonly resolve_all?: boolean;
}

/** What a setting may hold; returns what is wrong, or undefined. */
type Check = (value: unknown) => string | undefined;

const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

function numeric(least: number, most = Number.MAX_SAFE_INTEGER, isWhole = true): Check {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `${least} to ${most}`;
  return (value) =>
    typeof value === 'number' &&
    (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    value >= least &&
    value <= most
      ? undefined
      : `a ${isWhole ? 'whole ' : ''}number ${range}`;
}

/** YAML reads a single port as a number. */
const portList: Check = (value) => {
  if (typeof value !== 'string' && typeof value !== 'number') return 'a list of ports';
  try {
    parsePorts(String(value));
    return undefined;
  } catch (error) {
    return `a list of ports (${messageOf(error)})`;
  }
};

const checks: { readonly [Name in keyof Required<ScanSettings>]: Check } = {
  ports: portList,
  top_ports: numeric(1, 65_535),
  timing: numeric(0, 5),
  rate: numeric(0, 10_000_000, false),
  parallelism: numeric(1, 100_000),
  host_parallelism: numeric(1),
  timeout_ms: numeric(1),
  retries: numeric(0, 20),
  retry_delay_ms: numeric(0),
  host_timeout_ms: numeric(0),
  assume_up: flag,
  probe: flag,
  record_all: flag,
  reverse_dns: flag,
  resolve_all: flag,
};

function isSetting(name: string): name is keyof ScanSettings {
  return Object.hasOwn(checks, name);
}

/** The names of all settings. */
const settingNames: readonly (keyof ScanSettings)[] = Object.keys(checks).filter(isSetting);

/**
 * Checks settings that somebody wrote or a store kept. By hand and not by a schema library, which
 * alone would take a fifth of the start of a scan.
 *
 * @param source what they are of, for the message: `profile "web"`
 * @throws AppError INVALID_INPUT naming the setting that does not hold what it must, or is none
 */
export function parseScanSettings(value: unknown, source: string): ScanSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('INVALID_INPUT', `${source} must be settings by name, such as "ports: 80"`);
  }
  for (const [name, held] of Object.entries(value)) {
    if (!isSetting(name)) {
      throw new AppError(
        'INVALID_INPUT',
        `${source}: "${name}" is not a setting; there are ${settingNames.join(', ')}`,
      );
    }
    const needs = checks[name](held);
    if (needs === undefined) continue;
    const found = JSON.stringify(held)?.slice(0, 80) ?? 'nothing';
    throw new AppError('INVALID_INPUT', `${source}: "${name}" must be ${needs}, not ${found}`);
  }
  const settings = value as Omit<ScanSettings, 'ports'> & { readonly ports?: string | number };
  if (settings.ports !== undefined && settings.top_ports !== undefined) {
    throw new AppError('INVALID_INPUT', `${source}: "ports" and "top_ports" exclude each other`);
  }
  const { ports, ...others } = settings;
  return ports === undefined ? others : { ports: String(ports), ...others };
}

/** Limits that hold for a network, whatever is scanned in it: of two the stricter one counts. */
const limits = ['rate', 'parallelism', 'host_parallelism'] as const;

/**
 * The settings of a profile used on a target: the profile's, else the target's; of their limits
 * the stricter.
 */
export function combineSettings(target: ScanSettings, profile: ScanSettings): ScanSettings {
  const { ports: _ports, top_ports: _top, ...withoutPorts } = target;
  const hasPorts = profile.ports !== undefined || profile.top_ports !== undefined;
  const combined = { ...(hasPorts ? withoutPorts : target), ...profile };
  const stricter = limits.flatMap((name) => {
    const given = [target[name], profile[name]].filter((limit) => limit !== undefined);
    if (given.length < 2) return [];
    const least = Math.min(...given.map((limit) => limit || Number.POSITIVE_INFINITY));
    return [[name, Number.isFinite(least) ? least : 0] as const];
  });
  return { ...combined, ...Object.fromEntries(stricter) };
}
