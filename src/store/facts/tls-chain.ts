import { canonicalAddress } from '../../core/address.ts';
import type { RunError, Tls } from '../../core/events.ts';
import { portScope } from '../../core/scope.ts';
import type { Transport } from '../../core/states.ts';
import { type Certificate, parseCertificate } from './certificate.ts';

/** Where a handshake was made. */
export interface PortPlace {
  readonly addr: string;
  readonly transport: Transport;
  readonly port: number;
  /** Epoch ms. */
  readonly t: number;
}

export type ErrorFact = Omit<RunError, 'run_id' | 'type'>;

/** What is recorded of the certificates that a server sent. */
export interface TlsChain {
  /** Their hashes in the order in which they came; undefined where the event has no chain. */
  readonly hashes: readonly string[] | undefined;
  readonly certificates: readonly Certificate[];
  /** One for each that is no certificate. */
  readonly errors: readonly ErrorFact[];
}

/** Reads the chain of a handshake. */
export function readChain(place: PortPlace, { chain }: Tls): TlsChain {
  const certificates: Certificate[] = [];
  const errors: ErrorFact[] = [];
  for (const pem of chain ?? []) {
    const certificate = parseCertificate(pem);
    if (certificate) certificates.push(certificate);
    else errors.push(invalidCertificate(place, pem));
  }
  return { hashes: chain && certificates.map(({ sha256 }) => sha256), certificates, errors };
}

function invalidCertificate({ addr, transport, port, t }: PortPlace, pem: string): ErrorFact {
  return {
    scope: portScope(canonicalAddress(addr), transport, port),
    code: 'INVALID_CERTIFICATE',
    message: `a certificate of the chain cannot be read: ${pem.slice(0, 80)}`,
    t,
  };
}
