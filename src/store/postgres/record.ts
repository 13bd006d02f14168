import type pg from 'pg';
import type { EventBatch } from '../../core/event-batch.ts';
import type { RunUnit } from '../../core/events.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { hostSightings } from '../facts/host-sightings.ts';
import type { RecordOptions, RecordResult, Store, UnitLease } from '../store.ts';
import { inTransaction, type Role, type Session } from './session.ts';
import { createStaging } from './staging.ts';
import { writeChecks } from './write-checks.ts';
import { writeFacts } from './write-facts.ts';
import { coveredHosts, stagedHosts, writeHosts, type Writer } from './write-hosts.ts';
import { stagedPorts, writePorts } from './write-ports.ts';
import {
  closeUnlisted,
  type CoveredUnit,
  coveredUnit,
  coveredPorts,
  endLeasedUnits,
  isAnyCompleted,
  isAnyKnown,
  stageCoverage,
  writeUnit,
} from './write-units.ts';

/**
 * The job's row, kept as it is until the transaction ends: nobody deletes it, and where a worker
 * writes, nobody gives it another attempt. Others may share that lock.
 */
const lockJob = (isFenced: boolean): string => `
  SELECT status, attempts FROM scan_jobs WHERE id = $1 FOR ${isFenced ? 'SHARE' : 'KEY SHARE'}`;

const staging = [stagedHosts, stagedPorts, coveredHosts, coveredPorts]
  .map(createStaging)
  .join('; ');

/** How long a batch waits for a server that restarts. */
const patienceMs = 60_000;

/** The `record` of a PostgreSQL store. */
export function postgresRecorder(
  session: Session,
  role: Extract<Role, { name: 'portolan_app' }>,
): Store['record'] {
  return async (jobId, batch, options = {}) => {
    const { signal } = options;
    try {
      // Recording a batch again changes nothing, so it may be done again whatever became of it.
      return await inTransaction(
        session,
        role,
        (client) => write({ client, tenantId: role.tenantId, jobId }, batch, options),
        { isIdempotent: true, patienceMs, ...(signal && { signal }) },
      );
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, portCount: 0, skipped: {} };
      throw error;
    }
  };
}

/** Undoes the transaction of a batch that is not to be written. */
class Refusal extends Error {
  readonly status: 'done' | 'lost';

  constructor(status: 'done' | 'lost') {
    super(status);
    this.status = status;
  }
}

interface JobRow {
  readonly status: JobState;
  readonly attempts: number;
}

async function write(
  writer: Writer,
  batch: EventBatch,
  { attempt, lease, coverage }: RecordOptions,
): Promise<RecordResult> {
  const { client, jobId } = writer;
  const units = batch.events.filter((event) => event.type === 'run.unit');
  const covered = lease
    ? await writeLeasedUnits(writer, units, { lease, coverage })
    : await writeUnits(writer, units, {
        attempt,
        coverage,
        job: await jobOf(client, jobId, attempt),
      });
  const isEmpty = batch.ports.length === 0 && batch.events.length === units.length;
  if (isEmpty && !(await isAnyKnown(writer, covered)))
    return { status: 'recorded', portCount: 0, skipped: {} };
  await client.query(staging);
  if (covered.length > 0) await stageCoverage(writer, covered);
  const hosts = await writeHosts(writer, hostSightings(batch));
  await writePorts(writer, batch.ports, hosts);
  const skipped = await writeFacts(writer, batch.events, hosts.ids);
  await writeChecks(writer, batch.events, hosts.ids);
  await closeUnlisted(writer, covered);
  return { status: 'recorded', portCount: batch.ports.length, skipped };
}

/** States in which a worker may write; what it found until it was cancelled is kept. */
const writable = new Set<JobState>(['running', 'paused', 'cancelled']);

async function jobOf(
  client: pg.ClientBase,
  jobId: string,
  attempt: number | undefined,
): Promise<JobRow> {
  const { rows } = await client.query<JobRow>(lockJob(attempt !== undefined), [jobId]);
  const [job] = rows;
  if (!job) throw new AppError('NOT_FOUND', `the store has no scan ${jobId}`);
  if (attempt !== undefined && (job.attempts !== attempt || !writable.has(job.status))) {
    throw new Refusal('lost');
  }
  return job;
}

/**
 * The rows of the units are the fence: locked by this transaction until it ends, so that nobody
 * leases one of them meanwhile. The job's own row is not needed.
 */
async function writeLeasedUnits(
  writer: Writer,
  units: readonly RunUnit[],
  { lease, coverage }: { lease: UnitLease; coverage: RecordOptions['coverage'] },
): Promise<CoveredUnit[]> {
  const written = await endLeasedUnits(writer, units, lease);
  if (written !== units.length) {
    throw new Refusal((await isAnyCompleted(writer, units)) ? 'done' : 'lost');
  }
  return units.flatMap((unit) => {
    const looked = unit.status === 'completed' ? coverage?.(unit) : undefined;
    return looked ? [coveredUnit(writer, unit, looked)] : [];
  });
}

/** @returns the units that this batch completes, with what they have looked at */
async function writeUnits(
  writer: Writer,
  units: readonly RunUnit[],
  { attempt, coverage, job }: Pick<RecordOptions, 'attempt' | 'coverage'> & { job: JobRow },
): Promise<CoveredUnit[]> {
  const covered: CoveredUnit[] = [];
  for (const unit of units) {
    const isNew = await writeUnit(writer, unit, attempt ?? job.attempts);
    if (!isNew && attempt !== undefined) throw new Refusal('done');
    const looked = isNew && unit.status === 'completed' ? coverage?.(unit) : undefined;
    if (looked) covered.push(coveredUnit(writer, unit, looked));
  }
  return covered;
}
