import { AppError } from '../errors.ts';

/**
 * What a network scan needs to be repeated or resumed, as it is stored with its job. Every list is
 * text in the syntax of the command line, so that it stays small however many targets it names.
 */
export interface NetworkScanConfig {
  /** Addresses, networks and ranges, exclusions already taken out, in ascending order. */
  readonly targets: readonly string[];
  /** Names that were resolved, by address. */
  readonly hostnames: Readonly<Record<string, string>>;
  /** Addresses taken as up without asking, since the user named them one by one. */
  readonly assume_up: 'named' | 'all';
  /** Addresses named one by one. */
  readonly named: readonly string[];
  /** What was taken out of the targets. */
  readonly exclude: readonly string[];
  /** A port list that `parsePorts` reads. */
  readonly ports: string;
  /** Ask the system's DNS for the names of hosts that are up. */
  readonly reverse_dns: boolean;
  /** Ask hosts that no TCP connect found with the system's `ping`, where it exists. */
  readonly icmp_ping: boolean;
  /** Only find out which hosts are up. */
  readonly discovery_only: boolean;
  /** Ask open ports what they are. */
  readonly probe: boolean;
  /** Every port is a row, not only the open ones. */
  readonly record_all: boolean;
  /** Connects a second over all hosts; 0 for no limit. */
  readonly rate: number;
  /** Connects at once to one host. */
  readonly host_parallelism: number;
  /** Connects at once in all. */
  readonly parallelism: number;
  /** How long one connect may take, ms. */
  readonly timeout_ms: number;
  /** How often a silent port is tried again. */
  readonly retries: number;
  /** The least time between two tries of one port, ms. */
  readonly retry_delay_ms: number;
  /** When one host is given up, ms; 0 for never. */
  readonly host_timeout_ms: number;
  readonly seed: string;
  /** This scan is part `index` of `count` (from 1) of the whole. */
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
  /**
   * How ports are probed: `auto` takes the fastest that this machine can do; `nmap`, `masscan` are
   * the user's own.
   */
  readonly engine: 'auto' | 'epoll' | 'sockets' | 'nmap' | 'masscan';
  /** Options for the program that the engine names. */
  readonly engine_args: readonly string[];
}

/** What a field may hold, and what it holds where it is left out. */
interface Field {
  readonly needs: string;
  readonly holds: (value: unknown) => boolean;
  readonly byDefault?: unknown;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isShard = (value: unknown): boolean =>
  value === undefined ||
  (isRecord(value) && Number.isInteger(value['index']) && Number.isInteger(value['count']));

// By hand and not by a schema: the schema library alone takes a fifth of the start of a scan.
const fields: { readonly [Name in keyof Required<NetworkScanConfig>]: Field } = {
  targets: texts(),
  hostnames: {
    needs: 'an object of texts',
    holds: (value) =>
      isRecord(value) && !Array.isArray(value) && Object.values(value).every(isText),
    byDefault: {},
  },
  assume_up: oneOf('named', 'all'),
  named: texts([]),
  exclude: texts([]),
  ports: { needs: 'a text', holds: isText },
  reverse_dns: flag(true),
  icmp_ping: flag(false),
  discovery_only: flag(false),
  probe: flag(true),
  record_all: flag(false),
  rate: {
    needs: 'a number from 0 on',
    holds: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
    byDefault: 500,
  },
  host_parallelism: whole(1, Number.MAX_SAFE_INTEGER, 50),
  parallelism: whole(1, 100_000, 4000),
  timeout_ms: whole(1, Number.MAX_SAFE_INTEGER, 1500),
  retries: whole(0, 20, 2),
  retry_delay_ms: whole(0, Number.MAX_SAFE_INTEGER, 1000),
  host_timeout_ms: whole(0, Number.MAX_SAFE_INTEGER, 0),
  seed: { needs: 'a text', holds: isText },
  shard: { needs: 'an object of whole numbers "index" and "count"', holds: isShard },
  engine: oneOf('auto', 'epoll', 'sockets', 'nmap', 'masscan'),
  engine_args: texts([]),
};

/**
 * Reads a configuration: fills in what is left out, and leaves out what it does not know.
 *
 * @throws AppError INVALID_INPUT naming the field that does not hold what it must
 */
export function parseScanConfig(value: unknown): NetworkScanConfig {
  if (!isRecord(value)) {
    throw new AppError('INVALID_INPUT', 'the configuration of a network scan must be an object');
  }
  const config: Record<string, unknown> = {};
  for (const [name, { needs, holds, byDefault }] of Object.entries(fields)) {
    const held = value[name] === undefined ? byDefault : value[name];
    if (!holds(held)) {
      const found = JSON.stringify(held)?.slice(0, 80) ?? 'nothing';
      throw new AppError(
        'INVALID_INPUT',
        `"${name}" in the configuration of a network scan must be ${needs}, not ${found}`,
      );
    }
    if (held !== undefined) config[name] = held;
  }
  return config as unknown as NetworkScanConfig;
}

function texts(byDefault?: readonly string[]): Field {
  return { needs: 'a list of texts', holds: isTexts, byDefault };
}

function flag(byDefault: boolean): Field {
  return { needs: 'true or false', holds: (value) => typeof value === 'boolean', byDefault };
}

/** One of some words, the first of them by default. */
function oneOf(...words: readonly string[]): Field {
  const holds = (value: unknown): boolean => words.some((word) => word === value);
  return { needs: `one of ${words.join(', ')}`, holds, byDefault: words[0] };
}

function whole(least: number, most: number, byDefault: number): Field {
  const holds = (value: unknown): boolean =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `${least} to ${most}`;
  return { needs: `a whole number ${range}`, holds, byDefault };
}
