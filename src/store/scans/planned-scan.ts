import { planScan, type ScanPlan } from '../../core/plan.ts';
import { type NetworkScanConfig, parseScanConfig } from '../../core/scan-config.ts';
import { type Coverage, planCoverage } from './coverage.ts';
import type { Job } from './jobs.ts';

/** A scan with the plan computed from its configuration. */
export interface PlannedScan {
  readonly job: Job;
  readonly config: NetworkScanConfig;
  readonly plan: ScanPlan;
  /** Undefined if nothing is concluded from what the scan did not find. */
  readonly coverage: Coverage | undefined;
}

/**
 * Plans a Portolan scan.
 *
 * @throws AppError INVALID_INPUT, INVALID_TARGET, INVALID_PORTS
 */
export function planJob(job: Job): PlannedScan {
  const config = parseScanConfig(job.config);
  const plan = planScan(config);
  return { job, config, plan, coverage: planCoverage(config, plan) };
}
