import { createHash } from 'node:crypto';
import { canonicalAddress } from '../core/address.ts';
import type { ScanFinding } from '../core/events.ts';

/** What tells a finding of a scan from others: 8 bytes of SHA-256 of its identity. */
export function findingDigest(event: ScanFinding): Buffer {
  const { addr, transport, port, source, rule, matcher, matched_at: matchedAt } = event;
  const address = addr === undefined ? null : canonicalAddress(addr);
  const place = [address, transport ?? null, port ?? null];
  const identity = [source, rule, matcher ?? null, matchedAt, ...place];
  return createHash('sha256').update(JSON.stringify(identity)).digest().subarray(0, 8);
}
