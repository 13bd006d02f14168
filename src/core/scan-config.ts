import { AppError } from '../errors.ts';
import { type Field, faultOf, flag, oneOf, text, texts, type Values } from './field.ts';
import { storedSettings } from './scan-settings.ts';

interface Shard {
  readonly index: number;
  readonly count: number;
}

const fields = {
  /** Addresses, networks and ranges, exclusions already taken out, in ascending order. */
  targets: texts,
  /** Names that were resolved, by address. */
  hostnames: {
    needs: 'an object of texts',
    holds: (value): value is Readonly<Record<string, string>> =>
      isRecord(value) && !Array.isArray(value) && Object.values(value).every(text.holds),
    byDefault: {},
  },
  /** Addresses taken as up without asking, since the user named them one by one. */
  assume_up: { ...oneOf('named', 'all'), byDefault: 'named' },
  /** Addresses named one by one. */
  named: { ...texts, byDefault: [] },
  /** What was taken out of the targets. */
  exclude: { ...texts, byDefault: [] },
  /** A port list that `parsePorts` reads. */
  ports: text,
  /** Ask hosts that no TCP connect found with the system's `ping`, where it exists. */
  icmp_ping: { ...flag, byDefault: false },
  /** Only find out which hosts are up. */
  discovery_only: { ...flag, byDefault: false },
  ...storedSettings,
  seed: text,
  /** This scan is part `index` of `count` (from 1) of the whole. */
  shard: {
    needs: 'an object of whole numbers "index" and "count"',
    holds: (value): value is Shard | undefined =>
      value === undefined ||
      (isRecord(value) && Number.isInteger(value['index']) && Number.isInteger(value['count'])),
  },
  /**
   * How ports are probed: `auto` takes the fastest that this machine can do; `nmap`, `masscan` are
   * the user's own.
   */
  engine: { ...oneOf('auto', 'epoll', 'sockets', 'nmap', 'masscan'), byDefault: 'auto' },
  /** Options for the program that the engine names. */
  engine_args: { ...texts, byDefault: [] },
} satisfies Readonly<Record<string, Field>>;

/**
 * What a network scan needs to be repeated or resumed, as it is stored with its job. Every list is
 * text in the syntax of the command line, so that it stays small however many targets it names.
 */
export type NetworkScanConfig = Values<typeof fields>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

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
  for (const [name, field] of Object.entries<Field>(fields)) {
    const held = value[name] === undefined ? field.byDefault : value[name];
    const fault = faultOf(field, held);
    if (fault !== undefined) {
      throw new AppError(
        'INVALID_INPUT',
        `"${name}" in the configuration of a network scan ${fault}`,
      );
    }
    if (held !== undefined) config[name] = held;
  }
  return config as unknown as NetworkScanConfig;
}
