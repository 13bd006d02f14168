import { type AddressSet, addressSet } from './address-set.ts';
import { permutation } from './permutation.ts';
import { parsePorts, type PortSet } from './ports.ts';
import type { NetworkScanConfig } from './scan-config.ts';
import { parseTarget } from './targets.ts';

/** Approximate probes per unit: a few seconds of work, so that a crash loses no more. */
const probesPerUnit = 16_384;

/**
 * A part of a job that is scanned, recorded and marked done as a whole: the hosts at positions
 * `first` … `last` of the job's order of targets, with all of its ports.
 */
export interface Unit {
  readonly index: number;
  readonly first: number;
  readonly last: number;
}

/** A job's work, computed from its configuration. Its size does not grow with the targets. */
export interface ScanPlan {
  readonly targets: AddressSet;
  readonly ports: PortSet;
  /** Number of addresses in this job, or in its shard. */
  readonly hostCount: number;
  /** First tries: hosts × ports. */
  readonly probeCount: number;
  readonly unitCount: number;
  /** The unit with this number, 0 … unitCount − 1. */
  unit(number: number): Unit;
  /** The address at a position of the job's seeded order. */
  addressAt(position: number): string;
}

/**
 * Plans a job: targets in a seeded order, split into units of whole hosts. Shards are equal ranges
 * of that order, so the shards of one seed cover every target exactly once.
 *
 * @throws AppError INVALID_TARGET, INVALID_PORTS
 */
export function planScan(config: NetworkScanConfig): ScanPlan {
  const targets = addressSet(
    config.targets.map((text) => {
      const target = parseTarget(text);
      if (target.kind === 'name') throw new TypeError(`"${text}" is an unresolved name`);
      return target.range;
    }),
  );
  const ports = parsePorts(config.ports);
  const order = permutation(targets.size, config.seed);
  const { index, count } = config.shard ?? { index: 1, count: 1 };
  const start = Math.floor((targets.size * (index - 1)) / count);
  const end = Math.floor((targets.size * index) / count);
  const hostCount = end - start;
  const portCount = config.discovery_only ? 1 : ports.tcp.length + ports.udp.length;
  const hostsPerUnit = Math.max(1, Math.floor(probesPerUnit / Math.max(1, portCount)));
  const unitCount = Math.ceil(hostCount / hostsPerUnit);
  return {
    targets,
    ports,
    hostCount,
    probeCount: hostCount * portCount,
    unitCount,
    unit(number) {
      if (number < 0 || number >= unitCount) throw new RangeError(`there is no unit ${number}`);
      const first = start + number * hostsPerUnit;
      return { index: number, first, last: Math.min(first + hostsPerUnit, end) - 1 };
    },
    addressAt: (position) => targets.at(order(position)),
  };
}
