import { X509Certificate } from 'node:crypto';

/** What a certificate says, as it is stored. */
export interface Certificate {
  /** Of the DER bytes, lower-case hex. */
  readonly sha256: string;
  readonly pem: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** Epoch ms. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** DNS names and addresses of its subjectAltName. */
  readonly names: readonly string[];
  /** `rsa`, `ec`, `ed25519`, … */
  readonly keyType: string;
  readonly keyBits: number | undefined;
  readonly isSelfSigned: boolean;
}

/**
 * Reads a PEM certificate.
 *
 * @returns undefined where the text is no certificate that can be read
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
    notBefore: Date.parse(x509.validFrom),
    notAfter: Date.parse(x509.validTo),
    names: subjectAltNames(x509.subjectAltName),
    keyType: asymmetricKeyType,
    keyBits: details?.modulusLength ?? curveBits(details?.namedCurve),
    isSelfSigned: x509.checkIssued(x509) && x509.verify(x509.publicKey),
  };
}

/** Node.js puts each attribute on a line of its own. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function subjectAltNames(text: string | undefined): string[] {
  if (text === undefined) return [];
  return [...text.matchAll(/(?:DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
}

function curveBits(curve: string | undefined): number | undefined {
  const bits = /(\d{3})/.exec(curve ?? '')?.[1];
  return bits === undefined ? undefined : Number(bits);
}
