import { omitUndefined } from '../../core/omit-undefined.ts';
import type { RunUnit, ScanEvent, ScanHost, ScanPort } from '../../core/events.ts';
import { recordOf } from '../../core/record-of.ts';
import { serviceDetails } from '../../core/service-details.ts';
import type { StoredScan } from '../facts/fact.ts';
import { facts as everyFact } from '../facts/facts.ts';
import { exportBatch, rowBatches } from '../facts/read-rows.ts';
import { scannedHosts } from '../facts/scanned-host.ts';
import { scannedPorts } from '../facts/scanned-port.ts';
import { jobKey } from '../filter.ts';
import { getJob } from '../scans/jobs.ts';
import { runFinish, runStart } from '../scans/run-events.ts';
import { and, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson, type UnitRecord } from '../tables.ts';

/**
 * The events of recorded scans as their scanners sent them. Importing them into another store
 * produces the same rows. Each scan yields start, hosts, ports, facts, units, finish. Memory holds
 * a few thousand events.
 *
 * @param ids UUIDs of scans
 * @throws AppError NOT_FOUND
 */
export async function* storedEvents(
  db: StoreDatabase,
  ids: Iterable<string> | AsyncIterable<string>,
  facts = everyFact,
): AsyncGenerator<ScanEvent> {
  for await (const id of ids) {
    const job = await getJob(db, id);
    const scan = { db, id };
    yield runStart(job);
    yield* hostEvents(scan);
    yield* portEvents(scan);
    for (const fact of facts) if (fact.eventsOf) yield* fact.eventsOf(scan);
    yield* unitEvents(scan);
    yield runFinish(job);
  }
}

/** Every scan's id in start order, so that importing them in turn produces the same inventory. */
export async function* everyJobId(db: StoreDatabase): AsyncGenerator<string> {
  const id = identifier(db.dialect.uuidColumn);
  const began = sql`coalesce(started_at, requested_at)`;
  let after: { readonly began: number; readonly uuid: string } | undefined;
  for (;;) {
    const beyond =
      after && sql`(${began}, ${id}) > (${db.dialect.time(after.began)}, ${after.uuid})`;
    const rows = await db.query<{ began: number; uuid: string }>(sql`
      SELECT ${id} AS uuid, ${began} AS began FROM scan_jobs
      WHERE ${and([beyond])} ORDER BY ${began}, ${id} LIMIT ${exportBatch}`);
    if (rows.length === 0) return;
    for (const row of rows) yield row.uuid;
    after = rows.at(-1);
  }
}

async function* hostEvents(scan: StoredScan): AsyncGenerator<ScanHost> {
  for await (const rows of rowBatches(scan, scannedHosts)) {
    for (const { job_id: _job, host_id: _host, reason, ...host } of rows) {
      // The host is implied by its ports, on import too.
      if (reason !== undefined) yield { type: 'scan.host', run_id: scan.id, ...host, reason };
    }
  }
}

async function* portEvents(scan: StoredScan): AsyncGenerator<ScanPort> {
  for await (const rows of rowBatches(scan, scannedPorts)) {
    for (const row of rows) {
      const { addr, transport, port, state, reason, service: name, confidence, method } = row;
      const details = { ...recordOf(serviceDetails, (detail) => row[detail]), confidence, method };
      yield {
        type: 'scan.port',
        run_id: scan.id,
        addr,
        transport,
        port,
        state,
        ...omitUndefined({ reason }),
        ...(name !== undefined && { service: { name, ...omitUndefined(details) } }),
        t_first: row.first_seen,
        t_last: row.last_seen,
      };
    }
  }
}

async function* unitEvents({ db, id }: StoredScan): AsyncGenerator<RunUnit> {
  let after = -1;
  for (;;) {
    const rows = await db.query<UnitRecord>(sql`
      SELECT u.* FROM scan_units u WHERE u.job_id = ${jobKey(db, id)} AND u.unit > ${after}
        AND u.status IN ('completed', 'partial')
      ORDER BY u.unit LIMIT ${exportBatch}`);
    for (const { unit, first, last, started_at, completed_at, counts, ...row } of rows) {
      const status = row.status === 'completed' ? 'completed' : 'partial';
      const times = { t_start: started_at, t_end: completed_at ?? started_at };
      const numbers = fromJson(counts) as Record<string, number>;
      yield { type: 'run.unit', run_id: id, unit, first, last, status, ...times, counts: numbers };
      after = unit;
    }
    if (rows.length < exportBatch) return;
  }
}
