import type { EventBatch } from '../../core/event-batch.ts';
import { AppError } from '../../errors.ts';
import { facts as everyFact } from '../facts/facts.ts';
import { hostSightings } from '../facts/host-sightings.ts';
import type { RecordOptions, RecordResult, Store } from '../store.ts';
import { retryBusy } from '../../database/busy.ts';
import { storeError } from '../../database/driver.ts';
import { fence, writeUnit } from './fence.ts';
import type { SqliteConnection } from './database.ts';
import { inBulk } from './bulk.ts';
import { type Statements, statements } from './statements.ts';
import { transaction } from '../../database/transaction.ts';
import { factWriter } from './write-facts.ts';
import { type JobKey, writeHosts } from './write-hosts.ts';
import { writePorts } from './write-ports.ts';
import { type CoverageWriter, coverageWriter } from './write-coverage.ts';

interface JobRow extends JobKey {
  readonly attempts: number;
}

const selectJob = `
  SELECT j.id, j.attempts, j.tenant_id AS tenantId, t.uuid AS tenantUuid
  FROM scan_jobs j JOIN tenants t ON t.id = j.tenant_id WHERE j.uuid = ?`;

/** `record` for a SQLite store. */
export function sqliteRecorder(
  { db, path, exclusively }: SqliteConnection,
  facts = everyFact,
): Store['record'] {
  const prepare = statements(db);
  const writeFacts = factWriter(facts);
  let coverageOf: CoverageWriter | undefined;
  return async (jobId, batch, options = {}) => {
    const { signal } = options;
    try {
      return await exclusively(() => {
        const conclude = (coverageOf ??= coverageWriter(db, prepare));
        return retryBusy(
          () =>
            inBulk(db, batch.ports.length, () =>
              transaction(db, () =>
                write({ prepare, writeFacts, conclude, path }, jobId, batch, options),
              ),
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
  readonly writeFacts: ReturnType<typeof factWriter>;
  readonly conclude: CoverageWriter;
  readonly path: string;
}

function write(
  { prepare, writeFacts, conclude, path }: Writer,
  jobId: string,
  batch: EventBatch,
  { lease, coverage }: RecordOptions,
): RecordResult {
  const job = prepare(selectJob).get<JobRow>(jobId);
  if (!job) throw new AppError('NOT_FOUND', `${path} has no scan ${jobId}`);
  const units = batch.events.filter((event) => event.type === 'run.unit');
  const status = fence(prepare, job, lease, units);
  if (status !== 'recorded') return { status, portCount: 0, skipped: {} };
  const hosts = writeHosts(prepare, job, [...hostSightings(batch).values()]);
  writePorts(prepare, job, batch.ports, hosts);
  const skipped = writeFacts({ prepare, job, hosts }, batch.events);
  for (const unit of units) {
    const isNew = writeUnit(prepare, job, unit, {
      workerId: lease?.workerId,
      attempt: lease?.attempts.get(unit.unit) ?? job.attempts,
    });
    const covered = isNew && unit.status === 'completed' ? coverage?.(unit) : undefined;
    if (covered) conclude.write(job, unit, covered);
  }
  return { status, portCount: batch.ports.length, skipped };
}
