import type { EventBatch } from '../../core/event-batch.ts';
import { facts as everyFact } from '../facts/facts.ts';
import { hostSightings } from '../facts/host-sightings.ts';
import type { RecordOptions, RecordResult, Store } from '../store.ts';
import { Refusal, writeUnits } from './fence.ts';
import { inTransaction, type Role, type Session } from './session.ts';
import { createStaging } from './staging.ts';
import { factWriter } from './write-facts.ts';
import { coveredHosts, stagedHosts, writeHosts, type Writer } from './write-hosts.ts';
import { stagedPorts, writePorts } from './write-ports.ts';
import { closeUnlisted, coveredPorts, isAnyKnown, stageCoverage } from './write-coverage.ts';

const staging = [stagedHosts, stagedPorts, coveredHosts, coveredPorts]
  .map(createStaging)
  .join('; ');

/** How long a batch waits for a server restart. */
const patienceMs = 60_000;

/** `record` for a PostgreSQL store. */
export function postgresRecorder(
  session: Session,
  role: Extract<Role, { name: 'portolan_app' }>,
  facts = everyFact,
): Store['record'] {
  const writeFacts = factWriter(facts);
  return async (jobId, batch, options = {}) => {
    const { signal } = options;
    try {
      // Recording a batch again changes nothing, so it may be retried whatever the outcome.
      return await inTransaction(
        session,
        role,
        (client) =>
          write({ client, tenantId: role.tenantId, jobId }, batch, { ...options, writeFacts }),
        { isIdempotent: true, patienceMs, ...(signal && { signal }) },
      );
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, portCount: 0, skipped: {} };
      throw error;
    }
  };
}

async function write(
  writer: Writer,
  batch: EventBatch,
  { writeFacts, ...options }: RecordOptions & { writeFacts: ReturnType<typeof factWriter> },
): Promise<RecordResult> {
  const { client } = writer;
  const units = batch.events.filter((event) => event.type === 'run.unit');
  const covered = await writeUnits(writer, units, options);
  const isEmpty = batch.ports.length === 0 && batch.events.length === units.length;
  if (isEmpty && !(await isAnyKnown(writer, covered)))
    return { status: 'recorded', portCount: 0, skipped: {} };
  await client.query(staging);
  if (covered.length > 0) await stageCoverage(writer, covered);
  const hosts = await writeHosts(writer, hostSightings(batch));
  await writePorts(writer, batch.ports, hosts);
  const skipped = await writeFacts(writer, batch.events, hosts.ids);
  await closeUnlisted(writer, covered);
  return { status: 'recorded', portCount: batch.ports.length, skipped };
}
