import { canonicalAddress } from '../../core/address.ts';
import type { ScanFinding, ScanOs, ScanScript, ScanTrace } from '../../core/events.ts';
import { findingDigest } from '../facts/digests.ts';
import type { FindingsContext } from './write-findings.ts';
import { rowInsert, writeRows } from './write-rows.ts';

const upsertFinding = `
  INSERT INTO findings (job_id, digest, host_id, transport, port, source, rule, matcher, name,
    severity, matched_at, description, cve, cwe, cvss, tags, extracted, t)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (job_id, digest) DO UPDATE SET
    name = excluded.name, severity = excluded.severity, description = excluded.description,
    cve = excluded.cve, cwe = excluded.cwe, cvss = excluded.cvss, tags = excluded.tags,
    extracted = excluded.extracted, t = excluded.t
  WHERE excluded.t >= t`;

const upsertScripts = rowInsert(
  'script_results',
  ['job_id', 'host_id', 'transport', 'port', 'script', 'output', 'data', 't'],
  `ON CONFLICT (job_id, host_id, transport, port, script) DO UPDATE SET
    output = excluded.output, data = excluded.data, t = excluded.t
  WHERE excluded.t >= t`,
);

const insertMatch = `
  INSERT INTO os_matches (job_id, host_id, place, name, accuracy, family, vendor, generation,
    device_type, cpe, t)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const insertHop = `
  INSERT INTO trace_hops (job_id, host_id, ttl, address, rtt_ms, hostname, t)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (job_id, host_id, ttl) DO NOTHING`;

export function writeFinding({ prepare, job, hosts }: FindingsContext, event: ScanFinding): void {
  const { addr, transport, port, source, rule, matcher, matched_at: matchedAt } = event;
  const address = addr === undefined ? null : canonicalAddress(addr);
  prepare(upsertFinding).run(
    job.id,
    findingDigest(event),
    address === null ? null : hosts.get(address)!,
    transport ?? null,
    port ?? null,
    source,
    rule,
    matcher ?? null,
    event.name,
    event.severity,
    matchedAt,
    event.description ?? null,
    asJson(event.cve),
    asJson(event.cwe),
    event.cvss ?? null,
    asJson(event.tags),
    asJson(event.extracted),
    event.t,
  );
}

export function writeScripts(
  { prepare, job, hosts }: FindingsContext,
  events: readonly ScanScript[],
): void {
  writeRows(prepare, upsertScripts, {
    count: events.length,
    first: job.id,
    push(values, row) {
      const { addr, transport, port, script, output, data, t } = events[row]!;
      const host = hosts.get(canonicalAddress(addr))!;
      values.push(host, transport ?? '', port ?? 0, script, output, asJson(data), t);
    },
  });
}

/** Replaces what an earlier look at the host in this job has guessed. */
export function writeOs({ prepare, job, hosts }: FindingsContext, event: ScanOs): void {
  const host = hosts.get(canonicalAddress(event.addr))!;
  if (!forgetOlder({ prepare, job, hosts }, 'os_matches', host, event.t)) return;
  for (const [place, match] of event.matches.entries()) {
    prepare(insertMatch).run(
      job.id,
      host,
      place,
      match.name,
      match.accuracy,
      match.family ?? null,
      match.vendor ?? null,
      match.generation ?? null,
      match.device_type ?? null,
      match.cpe ?? null,
      event.t,
    );
  }
}

/** Replaces the way that an earlier look at the host in this job has found. */
export function writeTrace({ prepare, job, hosts }: FindingsContext, event: ScanTrace): void {
  const host = hosts.get(canonicalAddress(event.addr))!;
  if (!forgetOlder({ prepare, job, hosts }, 'trace_hops', host, event.t)) return;
  for (const hop of event.hops) {
    const { ttl, rtt_ms: rtt, hostname } = hop;
    const address = canonicalAddress(hop.addr);
    prepare(insertHop).run(job.id, host, ttl, address, rtt ?? null, hostname ?? null, event.t);
  }
}

/** @returns false where what is known is newer */
function forgetOlder(
  { prepare, job }: FindingsContext,
  table: 'os_matches' | 'trace_hops',
  host: number,
  t: number,
): boolean {
  const newer = prepare(
    `SELECT 1 FROM ${table} WHERE job_id = ? AND host_id = ? AND t > ? LIMIT 1`,
  );
  if (newer.get(job.id, host, t)) return false;
  prepare(`DELETE FROM ${table} WHERE job_id = ? AND host_id = ?`).run(job.id, host);
  return true;
}

function asJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
