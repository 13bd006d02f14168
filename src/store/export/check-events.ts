import { defined } from '../../core/defined.ts';
import type { ScanEvent, ScanFinding, ScanOs, ScanScript, ScanTrace } from '../../core/events.ts';
import { jobKey } from '../filter.ts';
import { and, join, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { exportBatch } from './service-events.ts';
import {
  type FindingRecord,
  fromJson,
  type OsMatchRecord,
  type ScriptRecord,
  type TraceHopRecord,
} from '../tables.ts';

/** What checks and scripts of a scan have found, as their events. */
export async function* storedChecks(db: StoreDatabase, id: string): AsyncGenerator<ScanEvent> {
  for await (const row of ordered<FindingRecord>(db, id, 'findings', ['digest'])) {
    yield findingEvent(id, row);
  }
  const places = ['host_id', 'transport', 'port', 'script'];
  for await (const row of ordered<ScriptRecord>(db, id, 'script_results', places)) {
    yield scriptEvent(id, row);
  }
  yield* grouped(ordered<OsMatchRecord>(db, id, 'os_matches', ['host_id', 'place']), (rows) =>
    osEvent(id, rows),
  );
  yield* grouped(ordered<TraceHopRecord>(db, id, 'trace_hops', ['host_id', 'ttl']), (rows) =>
    traceEvent(id, rows),
  );
}

type Addressed<Row> = Row & { readonly address: string };

/** The rows of a table of one job in the order of its key, a batch at a time. */
async function* ordered<Row extends object>(
  db: StoreDatabase,
  id: string,
  table: string,
  key: readonly string[],
): AsyncGenerator<Addressed<Row>> {
  const order = join(key.map((column) => identifier(`f.${column}`)));
  const address = table === 'trace_hops' ? 'host_address' : 'address';
  let after: unknown[] | undefined;
  for (;;) {
    const rows = await db.query<Addressed<Row>>(sql`
      SELECT f.*, h.address AS ${identifier(address)}
      FROM ${identifier(table)} f LEFT JOIN hosts h ON h.id = f.host_id
      WHERE f.job_id = ${jobKey(db, id)}
        AND ${and([after && sql`(${order}) > (${join(after)})`])}
      ORDER BY ${order} LIMIT ${exportBatch}`);
    yield* rows;
    const last = rows.at(-1) as Record<string, unknown> | undefined;
    if (!last || rows.length < exportBatch) return;
    after = key.map((column) => last[column]);
  }
}

/** Rows of one host together: they are few. */
async function* grouped<Row extends { readonly host_id: unknown }>(
  rows: AsyncIterable<Row>,
  toEvent: (rows: readonly Row[]) => ScanEvent,
): AsyncGenerator<ScanEvent> {
  let group: Row[] = [];
  for await (const row of rows) {
    if (group.length > 0 && group[0]!.host_id !== row.host_id) {
      yield toEvent(group);
      group = [];
    }
    group.push(row);
  }
  if (group.length > 0) yield toEvent(group);
}

function findingEvent(id: string, row: FindingRecord): ScanFinding {
  const { address, transport, port, source, rule, matcher, severity, t } = row;
  return {
    type: 'scan.finding',
    run_id: id,
    ...defined({ addr: address, transport, port }),
    source,
    rule,
    name: row.name,
    severity,
    matched_at: row.matched_at,
    ...defined({
      matcher,
      description: row.description,
      cve: fromJson(row.cve) as string[] | null,
      cwe: fromJson(row.cwe) as string[] | null,
      cvss: row.cvss,
      tags: fromJson(row.tags) as string[] | null,
      extracted: fromJson(row.extracted) as string[] | null,
    }),
    t,
  };
}

function scriptEvent(id: string, row: Addressed<ScriptRecord>): ScanScript {
  const { address: addr, transport, port, script, output, t } = row;
  const data = fromJson(row.data) as ScanScript['data'] | null;
  const place = transport === '' ? {} : { transport, port };
  return {
    type: 'scan.script',
    run_id: id,
    addr,
    ...place,
    script,
    output,
    ...defined({ data }),
    t,
  };
}

function osEvent(id: string, rows: readonly Addressed<OsMatchRecord>[]): ScanOs {
  const { address: addr, t } = rows[0]!;
  const matches = rows.map(({ name: system, accuracy, ...row }) => {
    const { family, vendor, generation, device_type, cpe } = row;
    return { name: system, accuracy, ...defined({ family, vendor, generation, device_type, cpe }) };
  });
  return { type: 'scan.os', run_id: id, addr, matches, t };
}

function traceEvent(id: string, rows: readonly TraceHopRecord[]): ScanTrace {
  const first = rows[0] as TraceHopRecord & { readonly host_address: string };
  const hops = rows.map(({ ttl, address, rtt_ms, hostname }) => {
    return { ttl, addr: address, ...defined({ rtt_ms, hostname }) };
  });
  return { type: 'scan.trace', run_id: id, addr: first.host_address, hops, t: first.t };
}
