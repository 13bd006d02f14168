import { X509Certificate } from 'node:crypto';
import { boolean, integer, json, optional, type Row, text, time } from './columns.ts';

/** The fields of a certificate. */
export const certificateContents = {
  /** SHA-256 of the DER bytes, lowercase hex. */
  sha256: text,
  pem: text,
  subject: text,
  issuer: text,
  serial: text,
  not_before: time,
  not_after: time,
  /** DNS names and addresses of its subjectAltName. */
  names: json<readonly string[]>(),
  /** `rsa`, `ec`, `ed25519`, … */
  key_type: text,
  key_bits: optional(integer),
  is_self_signed: boolean,
};

export type Certificate = Row<typeof certificateContents>;

/**
 * Reads a PEM certificate.
 *
 * @returns undefined if the text is not a valid certificate
 */
export function parseCertificate(pem: string): Certificate | undefined {
  try {
    return read(new X509Certificate(pem));
  } catch {
    return undefined;
  }
}

function read(x509: X509Certificate): Certificate {
  const { asymmetricKeyType = 'unknown', asymmetricKeyDetails: details } = x509.publicKey;
  return {
    sha256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    pem: x509.toString(),
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    serial: x509.serialNumber.toLowerCase(),
    not_before: Date.parse(x509.validFrom),
    not_after: Date.parse(x509.validTo),
    names: subjectAltNames(x509.subjectAltName),
    key_type: asymmetricKeyType,
    key_bits: details?.modulusLength ?? curveBits(details?.namedCurve),
    is_self_signed: x509.checkIssued(x509) && x509.verify(x509.publicKey),
  };
}

/** Node.js writes one attribute per line. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function subjectAltNames(list: string | undefined): string[] {
  if (list === undefined) return [];
  return [...list.matchAll(/(?:DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
}

function curveBits(curve: string | undefined): number | undefined {
  const bits = /(\d{3})/.exec(curve ?? '')?.[1];
  return bits === undefined ? undefined : Number(bits);
}
