import { canonicalAddress } from '../../core/address.ts';
import type { RunError, ScanTls, WebEndpoint } from '../../core/events.ts';
import { portScope } from '../../core/scope.ts';
import { bytes, named, text, time } from './columns.ts';
import { digestOf } from './digest.ts';
import type { Fact } from './fact.ts';
import { eventPerRow } from './read-rows.ts';
import { readChain } from './tls-chain.ts';

const columns = {
  digest: bytes,
  scope: text,
  code: text,
  message: text,
  t: named('at', time),
};

/** Errors that a scan reports, and certificates that cannot be parsed. */
export const errors: Fact<RunError | ScanTls | WebEndpoint, typeof columns> = {
  table: 'scan_errors',
  owner: 'scan',
  columns,
  key: ['digest'],
  order: ['id'],
  merge: 'keep-first',
  count: 'errors',
  events: ['run.error', 'scan.tls', 'web.endpoint'],
  rowsOf: (event) =>
    (event.type === 'run.error' ? [event] : invalidCertificates(event)).map((error) => {
      return { ...error, digest: errorDigest(error) };
    }),
  eventsOf: (scan) =>
    eventPerRow(scan, errors, ({ digest: _digest, ...row }) => {
      return { type: 'run.error', run_id: scan.id, ...row };
    }),
};

type ErrorFact = Omit<RunError, 'run_id' | 'type'>;

function errorDigest({ scope, code, message, t }: ErrorFact): Buffer {
  // The time of a bad line is when it was read, so it does not identify the error.
  const at = scope.startsWith('line:') ? '' : String(t);
  return digestOf([scope, code, message, at]);
}

function invalidCertificates(event: ScanTls | WebEndpoint): ErrorFact[] {
  const { addr, transport, port, t } = event;
  return readChain(event).unreadable.map((pem) => ({
    scope: portScope(canonicalAddress(addr), transport, port),
    code: 'INVALID_CERTIFICATE',
    message: `cannot parse a certificate in the chain: ${pem.slice(0, 80)}`,
    t,
  }));
}
