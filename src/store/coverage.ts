import { z } from 'zod';
import type { RunUnit } from '../core/events.ts';
import { planScan } from '../core/plan.ts';
import { parsePorts, type PortSet } from '../core/ports.ts';
import { networkScanConfig } from '../core/scan-config.ts';

/** What a unit of a job has looked at. */
export interface UnitCoverage {
  /** Or `listed`: the hosts that the job has told of, none besides. */
  readonly addresses: Iterable<string> | 'listed';
  /** The same object for every unit of a job. */
  readonly ports: PortSet;
}

/**
 * What each unit of a job covers, computed from the job's configuration. Undefined for a job that
 * is no network scan, and for a unit that is not one of the job's.
 */
export function jobCoverage(
  config: unknown,
): ((unit: Pick<RunUnit, 'unit' | 'first' | 'last'>) => UnitCoverage | undefined) | undefined {
  const listed = listedCoverage(config);
  if (listed) return listed;
  const parsed = networkScanConfig.safeParse(config);
  if (!parsed.success) return undefined;
  // masscan tells of open ports only.
  const plan = parsed.data.engine === 'masscan' ? undefined : planOrUndefined(parsed.data);
  if (!plan) return undefined;
  const ports: PortSet = parsed.data.discovery_only ? { tcp: [], udp: [] } : plan.ports;
  return ({ unit, first, last }) => {
    if (unit >= plan.unitCount) return undefined;
    const planned = plan.unit(unit);
    if (planned.first !== first || planned.last !== last) return undefined;
    return { addresses: addresses(plan, first, last), ports };
  };
}

/** A run of another scanner: its file lists the hosts, and says which ports it asked each for. */
const listedConfig = z.object({ covers: z.literal('listed'), ports: z.string() });

function listedCoverage(config: unknown): (() => UnitCoverage) | undefined {
  const { success, data } = listedConfig.safeParse(config);
  if (!success) return undefined;
  try {
    const ports = parsePorts(data.ports);
    return () => ({ addresses: 'listed', ports });
  } catch {
    return undefined;
  }
}

/** A configuration out of a file may hold anything: without a plan nothing is concluded. */
function planOrUndefined(
  config: Parameters<typeof planScan>[0],
): ReturnType<typeof planScan> | undefined {
  try {
    return planScan(config);
  } catch {
    return undefined;
  }
}

function* addresses(
  plan: ReturnType<typeof planScan>,
  first: number,
  last: number,
): Generator<string> {
  for (let position = first; position <= last; position++) yield plan.addressAt(position);
}
