import type { Unit } from '../../src/core/plan.ts';
import { createJob, type NewJob } from '../../src/store/scans/create-job.ts';
import { extendLease, type Lease, startScan } from '../../src/store/scans/leases.ts';
import type { Job } from '../../src/store/scans/jobs.ts';
import { currentWorker, uniqueWorker } from '../../src/store/scans/process-identity.ts';
import type { StoreDatabase } from '../../src/store/store.ts';

/** Unit n is the host at position n. */
export function unitAt(index: number): Unit {
  return { index, first: index, last: index };
}

/** Starts a scan in this process and leases units of it. */
export function startLeased(db: StoreDatabase, job: Job, wanted: number): Promise<Lease> {
  const workerId = uniqueWorker().id;
  return startScan(db, job, { worker: currentWorker(), workerId, wanted, unitAt });
}

/** A new scan that this process runs, with all of its units leased. */
export async function newLeased(
  db: StoreDatabase,
  units: number,
  job: Partial<NewJob> = {},
): Promise<Lease> {
  const made = await createJob(db, { scan_type: 'network', unit_count: units, ...job });
  return startLeased(db, made, units);
}

/** The units of a new scan, one lease after the other. */
export async function* endlessUnits(
  db: StoreDatabase,
): AsyncGenerator<{ readonly lease: Lease; readonly unit: number }> {
  const lease = await newLeased(db, 1, { unit_count: 1_000_000 });
  const { workerId } = lease;
  for (let { units } = lease; ;) {
    for (const { index: unit } of units) yield { lease, unit };
    units = await extendLease(db, lease, { workerId, wanted: 1, unitAt });
  }
}
