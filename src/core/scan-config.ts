import { z } from 'zod';

/**
 * What a network scan needs to be repeated or resumed, as it is stored with its job. Every list is
 * text in the syntax of the command line, so that it stays small however many targets it names.
 */
export const networkScanConfig = z.object({
  /** Addresses, networks and ranges, exclusions already taken out, in ascending order. */
  targets: z.array(z.string()),
  /** Names that were resolved, by address. */
  hostnames: z.record(z.string(), z.string()).default({}),
  /** Addresses taken as up without asking, since the user named them one by one. */
  assume_up: z.enum(['named', 'all']).default('named'),
  /** Addresses named one by one. */
  named: z.array(z.string()).default([]),
  /** What was taken out of the targets. */
  exclude: z.array(z.string()).default([]),
  /** A port list that `parsePorts` reads. */
  ports: z.string(),
  /** Ask the system's DNS for the names of hosts that are up. */
  reverse_dns: z.boolean().default(true),
  /** Ask hosts that no TCP connect found with the system's `ping`, where it exists. */
  icmp_ping: z.boolean().default(false),
  /** Only find out which hosts are up. */
  discovery_only: z.boolean().default(false),
  /** Ask open ports what they are. */
  probe: z.boolean().default(true),
  /** Every port is a row, not only the open ones. */
  record_all: z.boolean().default(false),
  /** Connects a second over all hosts; 0 for no limit. */
  rate: z.number().min(0).default(500),
  /** Connects at once to one host. */
  host_parallelism: z.number().int().min(1).default(50),
  /** Connects at once in all. */
  parallelism: z.number().int().min(1).max(100_000).default(4000),
  /** How long one connect may take, ms. */
  timeout_ms: z.number().int().min(1).default(1500),
  /** How often a silent port is tried again. */
  retries: z.number().int().min(0).max(20).default(2),
  /** The least time between two tries of one port, ms. */
  retry_delay_ms: z.number().int().min(0).default(1000),
  /** When one host is given up, ms; 0 for never. */
  host_timeout_ms: z.number().int().min(0).default(0),
  seed: z.string(),
  /** This scan is part `index` of `count` (from 1) of the whole. */
  shard: z.object({ index: z.number().int(), count: z.number().int() }).optional(),
  /**
   * How ports are probed: `auto` takes the fastest that this machine can do; `nmap`, `masscan` are
   * the user's own.
   */
  engine: z.enum(['auto', 'epoll', 'sockets', 'nmap', 'masscan']).default('auto'),
  /** Options for the program that the engine names. */
  engine_args: z.array(z.string()).default([]),
});

export type NetworkScanConfig = z.output<typeof networkScanConfig>;
