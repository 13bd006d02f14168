import { canonicalAddress } from '../../core/address.ts';
import type { ScanFinding } from '../../core/events.ts';
import type { Severity } from '../../core/states.ts';
import { bytes, double, json, ofPort, optional, text, time, word } from './columns.ts';
import { digestOf } from './digest.ts';
import type { Fact } from './fact.ts';
import { eventPerRow } from './read-rows.ts';

const texts = optional(json<string[]>());

const columns = {
  digest: bytes,
  addr: optional(ofPort.addr),
  transport: optional(ofPort.transport),
  port: optional(ofPort.port),
  source: text,
  rule: text,
  matcher: optional(text),
  name: text,
  severity: word<Severity>(),
  matched_at: text,
  description: optional(text),
  cve: texts,
  cwe: texts,
  cvss: optional(double),
  tags: texts,
  extracted: texts,
  t: time,
};

/** Results of checks, about a port, a host, or just a name. */
export const findings: Fact<ScanFinding, typeof columns> = {
  table: 'findings',
  owner: 'scan',
  columns,
  key: ['digest'],
  merge: 'newest',
  count: 'findings',
  events: ['scan.finding'],
  rowsOf: (event) => [{ ...event, digest: findingDigest(event) }],
  eventsOf: (scan) =>
    eventPerRow(scan, findings, ({ digest: _digest, ...row }) => {
      return { type: 'scan.finding', run_id: scan.id, ...row };
    }),
};

function findingDigest(event: ScanFinding): Buffer {
  const { addr, transport, port, source, rule, matcher, matched_at: matchedAt } = event;
  const address = addr === undefined ? null : canonicalAddress(addr);
  const place = [address, transport ?? null, port ?? null];
  return digestOf([source, rule, matcher ?? null, matchedAt, ...place]);
}
