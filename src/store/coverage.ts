import type { RunUnit } from '../core/events.ts';
import { planScan } from '../core/plan.ts';
import type { PortSet } from '../core/ports.ts';
import { networkScanConfig } from '../core/scan-config.ts';

/** What a unit of a job has looked at. */
export interface UnitCoverage {
  readonly addresses: Iterable<string>;
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
  const parsed = networkScanConfig.safeParse(config);
  if (!parsed.success) return undefined;
  const plan = planOrUndefined(parsed.data);
  if (!plan) return undefined;
  const ports: PortSet = parsed.data.discovery_only ? { tcp: [], udp: [] } : plan.ports;
  return ({ unit, first, last }) => {
    if (unit >= plan.unitCount) return undefined;
    const planned = plan.unit(unit);
    if (planned.first !== first || planned.last !== last) return undefined;
    return { addresses: addresses(plan, first, last), ports };
  };
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
