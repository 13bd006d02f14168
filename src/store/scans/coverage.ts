import type { RunUnit } from '../../core/events.ts';
import { planScan, type ScanPlan } from '../../core/plan.ts';
import { parsePorts, type PortSet } from '../../core/ports.ts';
import { type NetworkScanConfig, parseScanConfig } from '../../core/scan-config.ts';

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
  const planned = configAndPlan(config);
  // masscan tells of open ports only.
  if (!planned || planned.config.engine === 'masscan') return undefined;
  const { plan } = planned;
  const ports: PortSet = planned.config.discovery_only ? { tcp: [], udp: [] } : plan.ports;
  return ({ unit, first, last }) => {
    if (unit >= plan.unitCount) return undefined;
    const own = plan.unit(unit);
    if (own.first !== first || own.last !== last) return undefined;
    return { addresses: addresses(plan, first, last), ports };
  };
}

/** A run of another scanner: its file lists the hosts, and says which ports it asked each for. */
function listedCoverage(config: unknown): (() => UnitCoverage) | undefined {
  const { covers, ports: asked } = (config ?? {}) as Readonly<Record<string, unknown>>;
  if (covers !== 'listed' || typeof asked !== 'string') return undefined;
  try {
    const ports = parsePorts(asked);
    return () => ({ addresses: 'listed', ports });
  } catch {
    return undefined;
  }
}

/** A configuration out of a file may hold anything: without a plan nothing is concluded. */
function configAndPlan(value: unknown): { config: NetworkScanConfig; plan: ScanPlan } | undefined {
  try {
    const config = parseScanConfig(value);
    return { config, plan: planScan(config) };
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
