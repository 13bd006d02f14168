import { AppError } from '../errors.ts';
import { type Field, faultOf, flag, oneOf, text, texts, type Values } from './field.ts';
import { storedSettings } from './scan-settings.ts';

interface Shard {
  readonly index: number;
  readonly count: number;
}

const fields = {
  /** Addresses, networks and ranges in ascending order, without the exclusions. */
  targets: texts,
  /** Resolved names by address. */
  hostnames: {
    needs: 'an object of texts',
    holds: (value): value is Readonly<Record<string, string>> =>
      isRecord(value) && !Array.isArray(value) && Object.values(value).every(text.holds),
    byDefault: {},
  },
  /** Addresses assumed up without discovery, because the user named them individually. */
  assume_up: { ...oneOf('named', 'all'), byDefault: 'named' },
  /** Addresses named individually. */
  named: { ...texts, byDefault: [] },
  /** Exclusions from the targets. */
  exclude: { ...texts, byDefault: [] },
  /** A port list that `parsePorts` reads. */
  ports: text,
  /** Probe hosts that no TCP connect found with the system's `ping`, if available. */
  icmp_ping: { ...flag, byDefault: false },
  /** Only find hosts that are up. */
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
   * How ports are probed: `auto` is the fastest method on this machine; `nmap` and `masscan` run
   * the user's installation.
   */
  engine: { ...oneOf('auto', 'epoll', 'sockets', 'nmap', 'masscan'), byDefault: 'auto' },
  /** Options for the engine's program. */
  engine_args: { ...texts, byDefault: [] },
} satisfies Readonly<Record<string, Field>>;

/**
 * The stored configuration of a network scan, sufficient to repeat or resume it. Lists are text in
 * command-line syntax, so that they stay small for any number of targets.
 */
export type NetworkScanConfig = Values<typeof fields>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Parses a configuration: fills in defaults and drops unknown fields.
 *
 * @throws AppError INVALID_INPUT naming the invalid field
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
