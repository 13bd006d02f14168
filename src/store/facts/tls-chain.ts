import type { ScanTls, Tls, WebEndpoint } from '../../core/events.ts';
import { type Certificate, parseCertificate } from './parse-certificate.ts';

/** The certificates that a server sent. */
export interface TlsChain {
  /** Their hashes in the order in which they came; undefined where the event has no chain. */
  readonly hashes: readonly string[] | undefined;
  readonly certificates: readonly Certificate[];
  /** Texts of the chain that no certificate can be read from. */
  readonly unreadable: readonly string[];
}

/** Several facts take something from a chain, and reading a certificate costs more than writing it. */
const known = new WeakMap<Tls, TlsChain>();

const noChain: TlsChain = { hashes: undefined, certificates: [], unreadable: [] };

/** Reads the chain of an event's handshake, once. */
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
