import { createHash } from 'node:crypto';
import { canonicalAddress } from '../../core/address.ts';
import type { ScanFinding } from '../../core/events.ts';
import type { ErrorFact } from './tls-chain.ts';

/** What tells a finding of a scan from others: 8 bytes of SHA-256 of its identity. */
export function findingDigest(event: ScanFinding): Buffer {
  const { addr, transport, port, source, rule, matcher, matched_at: matchedAt } = event;
  const address = addr === undefined ? null : canonicalAddress(addr);
  const place = [address, transport ?? null, port ?? null];
  return digestOf([source, rule, matcher ?? null, matchedAt, ...place]);
}

/** What tells an error of a scan from others: 8 bytes of SHA-256 of what it says. */
export function errorDigest({ scope, code, message, t }: ErrorFact): Buffer {
  // The time of a bad line is that of the reading: not a part of what it is.
  const at = scope.startsWith('line:') ? '' : String(t);
  return digestOf([scope, code, message, at]);
}

function digestOf(identity: readonly unknown[]): Buffer {
  return createHash('sha256').update(JSON.stringify(identity)).digest().subarray(0, 8);
}
