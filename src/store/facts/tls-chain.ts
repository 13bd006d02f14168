import type { ScanTls, Tls, WebEndpoint } from '../../core/events.ts';
import { type Certificate, parseCertificate } from './parse-certificate.ts';

/** A server's certificate chain. */
export interface TlsChain {
  /** Hashes in the order sent; undefined if the event has no chain. */
  readonly hashes: readonly string[] | undefined;
  readonly certificates: readonly Certificate[];
  /** Entries of the chain that are not valid certificates. */
  readonly unreadable: readonly string[];
}

/** Several facts use the chain, and parsing a certificate costs more than storing it. */
const known = new WeakMap<Tls, TlsChain>();

const noChain: TlsChain = { hashes: undefined, certificates: [], unreadable: [] };

/** Parses the chain of an event's handshake, once. */
export function readChain({ tls }: ScanTls | WebEndpoint): TlsChain {
  if (!tls?.chain) return noChain;
  let chain = known.get(tls);
  if (!chain) {
    chain = parseChain(tls.chain);
    known.set(tls, chain);
  }
  return chain;
}

function parseChain(pems: readonly string[]): TlsChain {
  const certificates: Certificate[] = [];
  const unreadable: string[] = [];
  for (const pem of pems) {
    const certificate = parseCertificate(pem);
    if (certificate) certificates.push(certificate);
    else unreadable.push(pem);
  }
  return { hashes: certificates.map(({ sha256 }) => sha256), certificates, unreadable };
}
