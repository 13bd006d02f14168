import type { RunUnit } from '../../core/events.ts';
import { planScan, type ScanPlan } from '../../core/plan.ts';
import { parsePorts, type PortSet } from '../../core/ports.ts';
import { type NetworkScanConfig, parseScanConfig } from '../../core/scan-config.ts';
import { objectFromJson } from '../tables.ts';

/** The hosts and ports that a unit of a scan covers. */
export interface UnitCoverage {
  /** Or `listed`: just the hosts that the scan reported. */
  readonly addresses: Iterable<string> | 'listed';
  /** One object shared by all units of a scan. */
  readonly ports: PortSet;
}

/** Returns a unit's coverage; undefined for a unit that the scan does not have. */
export type Coverage = (unit: Pick<RunUnit, 'unit' | 'first' | 'last'>) => UnitCoverage | undefined;

/**
 * The coverage of a stored scan's units, computed from its configuration. Undefined for a scan that
 * is not a network scan: an imported configuration may contain anything, and without a plan nothing
 * is concluded.
 */
export function jobCoverage(config: unknown): Coverage | undefined {
  const listed = listedCoverage(config);
  if (listed) return listed;
  try {
    const parsed = parseScanConfig(config);
    return planCoverage(parsed, planScan(parsed));
  } catch {
    return undefined;
  }
}

/** The coverage of a plan's units. */
export function planCoverage(config: NetworkScanConfig, plan: ScanPlan): Coverage | undefined {
  // masscan reports open ports only.
  if (config.engine === 'masscan') return undefined;
  const ports: PortSet = config.discovery_only ? { tcp: [], udp: [] } : plan.ports;
  return ({ unit, first, last }) => {
    if (unit >= plan.unitCount) return undefined;
    const own = plan.unit(unit);
    if (own.first !== first || own.last !== last) return undefined;
    return { addresses: addresses(plan, first, last), ports };
  };
}

/** A run of another scanner: its file lists the hosts, and the ports probed on each. */
function listedCoverage(config: unknown): Coverage | undefined {
  const { covers, ports: asked } = objectFromJson(config);
  if (covers !== 'listed' || typeof asked !== 'string') return undefined;
  try {
    const ports = parsePorts(asked);
    return () => ({ addresses: 'listed', ports });
  } catch {
    return undefined;
  }
}

function* addresses(plan: ScanPlan, first: number, last: number): Generator<string> {
  for (let position = first; position <= last; position++) yield plan.addressAt(position);
}
