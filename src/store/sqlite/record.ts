import type { EventBatch } from '../../core/event-batch.ts';
import type { RunUnit, ScanBanner, ScanScript } from '../../core/events.ts';
import type { JobState } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import { hostSightings } from '../facts/host-sightings.ts';
import type { RecordOptions, RecordResult, Store, UnitLease } from '../store.ts';
import { retryBusy } from '../../database/busy.ts';
import { storeError } from '../../database/driver.ts';
import type { SqliteConnection } from './database.ts';
import { inBulk } from './bulk.ts';
import { type Statements, statements } from './statements.ts';
import { transaction } from '../../database/transaction.ts';
import {
  type FindingsContext,
  writeBanners,
  writeEndpoint,
  writeError,
  writeTls,
} from './write-findings.ts';
import { writeFinding, writeOs, writeScripts, writeTrace } from './write-checks.ts';
import { type JobKey, writeHosts } from './write-hosts.ts';
import { writePorts } from './write-ports.ts';
import { type CoverageWriter, coverageWriter, writeUnit } from './write-units.ts';

interface JobRow extends JobKey {
  readonly status: JobState;
  readonly attempts: number;
}

const selectJob = `
  SELECT j.id, j.status, j.attempts, j.tenant_id AS tenantId, t.uuid AS tenantUuid
  FROM scan_jobs j JOIN tenants t ON t.id = j.tenant_id WHERE j.uuid = ?`;

/** The `record` of a SQLite store. */
export function sqliteRecorder({ db, path, exclusively }: SqliteConnection): Store['record'] {
  const prepare = statements(db);
  let coverageOf: CoverageWriter | undefined;
  return async (jobId, batch, options = {}) => {
    const { signal } = options;
    try {
      return await exclusively(() => {
        const conclude = (coverageOf ??= coverageWriter(db, prepare));
        return retryBusy(
          () =>
            inBulk(db, batch.ports.length, () =>
              transaction(db, () => write({ prepare, conclude, path }, jobId, batch, options)),
            ),
          signal ? { signal } : {},
        );
      });
    } catch (error) {
      coverageOf?.forget();
      throw storeError(error, path);
    }
  };
}

interface Writer {
  readonly prepare: Statements;
  readonly conclude: CoverageWriter;
  readonly path: string;
}

function write(
  { prepare, conclude, path }: Writer,
  jobId: string,
  batch: EventBatch,
  { attempt, lease, coverage }: RecordOptions,
): RecordResult {
  const job = prepare(selectJob).get(jobId) as JobRow | undefined;
  if (!job) throw new AppError('NOT_FOUND', `${path} has no scan ${jobId}`);
  const units = batch.events.filter((event) => event.type === 'run.unit');
  const status = fence(prepare, job, { attempt, lease, units });
  if (status !== 'recorded') return { status, portCount: 0, skipped: {} };
  const hosts = writeHosts(prepare, job, [...hostSightings(batch).values()]);
  writePorts(prepare, job, batch.ports, hosts);
  const skipped = writeEvents({ prepare, job, hosts }, batch.events);
  for (const unit of units) {
    const isNew = writeUnit(prepare, job, unit, {
      workerId: lease?.workerId,
      attempt: lease?.attempts.get(unit.unit) ?? attempt ?? job.attempts,
    });
    const covered = isNew && unit.status === 'completed' ? coverage?.(unit) : undefined;
    if (covered) conclude.write(job, unit, covered);
  }
  return { status, portCount: batch.ports.length, skipped };
}

/** States in which a worker may write; what it found until it was cancelled is kept. */
const writable = new Set<JobState>(['running', 'paused', 'cancelled']);

/** Whether this worker still has the units, or this attempt the job, and they are still to be done. */
function fence(
  prepare: Statements,
  job: JobRow,
  options: Pick<RecordOptions, 'attempt' | 'lease'> & { units: readonly RunUnit[] },
): RecordResult['status'] {
  const { attempt, lease, units } = options;
  if (lease) return fenceUnits(prepare, job, lease, units);
  if (attempt === undefined) return 'recorded';
  if (job.attempts !== attempt || !writable.has(job.status)) return 'lost';
  const completed = prepare(
    "SELECT 1 FROM scan_units WHERE job_id = ? AND unit = ? AND status = 'completed'",
  );
  return units.some((unit) => completed.get(job.id, unit.unit)) ? 'done' : 'recorded';
}

function fenceUnits(
  prepare: Statements,
  job: JobRow,
  { workerId, attempts }: UnitLease,
  units: readonly RunUnit[],
): RecordResult['status'] {
  const held = prepare(
    `SELECT status, worker_id = ? AND attempt = ? AS is_held FROM scan_units
     WHERE job_id = ? AND unit = ?`,
  );
  let status: RecordResult['status'] = 'recorded';
  for (const { unit } of units) {
    const row = held.get(workerId, attempts.get(unit) ?? 0, job.id, unit);
    if (row?.['status'] === 'completed') status = 'done';
    else if (row?.['status'] !== 'leased' || !row['is_held']) return 'lost';
  }
  return status;
}

function writeEvents(
  context: FindingsContext,
  events: EventBatch['events'],
): Record<string, number> {
  const skipped: Record<string, number> = {};
  const banners: ScanBanner[] = [];
  const scripts: ScanScript[] = [];
  for (const event of events) {
    switch (event.type) {
      case 'scan.banner':
        banners.push(event);
        break;
      case 'scan.tls':
        writeTls(context, event, event.tls);
        break;
      case 'web.endpoint':
        writeEndpoint(context, event);
        break;
      case 'scan.finding':
        writeFinding(context, event);
        break;
      case 'scan.script':
        scripts.push(event);
        break;
      case 'scan.os':
        writeOs(context, event);
        break;
      case 'scan.trace':
        writeTrace(context, event);
        break;
      case 'run.error':
        writeError(context, event);
        break;
      case 'run.phase':
      case 'result.schema':
      case 'result.record':
        skipped[event.type] = (skipped[event.type] ?? 0) + 1;
        break;
      // The job's own row, units and hosts are written by others.
      case 'run.start':
      case 'run.finish':
      case 'run.unit':
      case 'scan.host':
        break;
    }
  }
  writeBanners(context, banners);
  writeScripts(context, scripts);
  return skipped;
}
