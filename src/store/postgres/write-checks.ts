import { canonicalAddress } from '../../core/address.ts';
import type { EventBatch } from '../../core/event-batch.ts';
import type { ScanFinding, ScanOs, ScanScript, ScanTrace } from '../../core/events.ts';
import { findingDigest } from '../facts/digests.ts';
import { type ColumnType, copyRows, createStaging, type StagingTable } from './staging.ts';
import type { HostIds, Writer } from './write-hosts.ts';

type Columns = Readonly<Record<string, ColumnType>>;

/** A table of what checks say: how a batch's rows get into it. */
interface CheckTable {
  readonly staging: StagingTable;
  readonly statements: readonly string[];
}

/** The newest row of a key wins, of those in the batch as of those in the table. */
function newestWins(table: string, key: Columns, columns: Columns): CheckTable {
  const [keys, others] = [Object.keys(key), [...Object.keys(columns), 't']];
  const all = [...keys, ...others].join(', ');
  const upsert = `
    INSERT INTO ${table} (tenant_id, job_id, ${all})
    SELECT DISTINCT ON (${keys.join(', ')}) $1::uuid, $2::uuid, ${all}
    FROM staged_${table} ORDER BY ${keys.join(', ')}, t DESC, row DESC
    ON CONFLICT (job_id, ${keys.join(', ')}) DO UPDATE SET
      ${others.map((column) => `${column} = excluded.${column}`).join(', ')}
    WHERE excluded.t >= ${table}.t`;
  return { staging: stagingOf(table, { ...key, ...columns }), statements: [upsert] };
}

/** All rows of a host together: a newer look replaces an older one. */
function replacesHost(table: string, columns: Columns): CheckTable {
  const all = ['host_id', ...Object.keys(columns), 't'].join(', ');
  const forget = `
    DELETE FROM ${table} old USING (SELECT host_id, max(t) AS t FROM staged_${table} GROUP BY host_id) new
    WHERE $1::uuid = old.tenant_id AND old.job_id = $2 AND old.host_id = new.host_id AND old.t <= new.t`;
  const insert = `
    INSERT INTO ${table} (tenant_id, job_id, ${all})
    SELECT $1::uuid, $2::uuid, ${all} FROM staged_${table} new
    WHERE new.t = (SELECT max(t) FROM staged_${table} s WHERE s.host_id = new.host_id)
      AND NOT EXISTS (SELECT FROM ${table} old WHERE old.job_id = $2 AND old.host_id = new.host_id)
    ON CONFLICT DO NOTHING`;
  const staging = stagingOf(table, { host_id: 'uuid', ...columns });
  return { staging, statements: [forget, insert] };
}

function stagingOf(table: string, columns: Columns): StagingTable {
  return { name: `staged_${table}`, columns: { ...columns, t: 'timestamptz', row: 'integer' } };
}

const findings = newestWins(
  'findings',
  { digest: 'bytea' },
  {
    host_id: 'uuid',
    transport: 'text',
    port: 'integer',
    source: 'text',
    rule: 'text',
    matcher: 'text',
    name: 'text',
    severity: 'text',
    matched_at: 'text',
    description: 'text',
    cve: 'jsonb',
    cwe: 'jsonb',
    cvss: 'double precision',
    tags: 'jsonb',
    extracted: 'jsonb',
  },
);
const scripts = newestWins(
  'script_results',
  { host_id: 'uuid', transport: 'text', port: 'integer', script: 'text' },
  { output: 'text', data: 'jsonb' },
);
const systems = replacesHost('os_matches', {
  place: 'integer',
  name: 'text',
  accuracy: 'double precision',
  family: 'text',
  vendor: 'text',
  generation: 'text',
  device_type: 'text',
  cpe: 'text',
});
const hops = replacesHost('trace_hops', {
  ttl: 'integer',
  address: 'text',
  rtt_ms: 'double precision',
  hostname: 'text',
});

/** Records what checks, scripts and guesses say. */
export async function writeChecks(
  writer: Writer,
  events: EventBatch['events'],
  ids: HostIds,
): Promise<void> {
  const id = (addr: string): unknown => ids.get(canonicalAddress(addr));
  const of = <T>(type: string): T[] => events.filter((event) => event.type === type) as T[];
  const rows = {
    findings: of<ScanFinding>('scan.finding').map((event) => findingRow(event, id)),
    scripts: of<ScanScript>('scan.script').map((event) => scriptRow(event, id)),
    systems: of<ScanOs>('scan.os').flatMap((event) => systemRows(event, id)),
    hops: of<ScanTrace>('scan.trace').flatMap((event) => hopRows(event, id)),
  };
  await write(writer, findings, rows.findings);
  await write(writer, scripts, rows.scripts);
  await write(writer, systems, rows.systems);
  await write(writer, hops, rows.hops);
}

async function write(
  { client, tenantId, jobId }: Writer,
  { staging, statements }: CheckTable,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  if (rows.length === 0) return;
  await client.query(createStaging(staging));
  await copyRows(
    client,
    staging,
    rows.map((row, place) => [...row, place]),
  );
  for (const statement of statements) await client.query(statement, [tenantId, jobId]);
}

type IdOf = (addr: string) => unknown;

function findingRow(event: ScanFinding, id: IdOf): unknown[] {
  return [
    findingDigest(event),
    event.addr === undefined ? null : id(event.addr),
    event.transport,
    event.port,
    event.source,
    event.rule,
    event.matcher,
    event.name,
    event.severity,
    event.matched_at,
    event.description,
    event.cve,
    event.cwe,
    event.cvss,
    event.tags,
    event.extracted,
    event.t,
  ];
}

function scriptRow(event: ScanScript, id: IdOf): unknown[] {
  const { addr, transport, port, script, output, data, t } = event;
  return [id(addr), transport ?? '', port ?? 0, script, output, data, t];
}

function systemRows({ addr, matches, t }: ScanOs, id: IdOf): unknown[][] {
  return matches.map((match, place) => [
    id(addr),
    place,
    match.name,
    match.accuracy,
    match.family,
    match.vendor,
    match.generation,
    match.device_type,
    match.cpe,
    t,
  ]);
}

function hopRows({ addr, hops: way, t }: ScanTrace, id: IdOf): unknown[][] {
  return way.map((hop) => {
    return [id(addr), hop.ttl, canonicalAddress(hop.addr), hop.rtt_ms, hop.hostname, t];
  });
}
