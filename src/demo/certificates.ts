import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate and its key, as PEM texts. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly commonName: string;
  /** DNS names; empty for an authority. */
  readonly names?: readonly string[];
  readonly isAuthority?: boolean;
  /** The issuer; self-signed without one. */
  readonly issuer?: IssuedCertificate;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate that can sign others. */
export interface IssuedCertificate extends Credentials {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

const dayMs = 86_400_000;
const oids = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  subjectAltName: '0603551d11',
  basicConstraints: '0603551d13',
  keyUsage: '0603551d0f',
} as const;

/**
 * Creates an X.509 v3 certificate (RFC 5280) with a new P-256 key for the demo servers. Node.js
 * reads certificates but does not write them; this covers all that a server needs.
 *
 * @example const { certificate, key } = issueCertificate({ commonName: 'a.example' });
 */
export function issueCertificate(options: CertificateOptions): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerName = options.issuer?.commonName ?? options.commonName;
  const notBefore = options.notBefore ?? new Date(Date.now() - dayMs);
  const notAfter = options.notAfter ?? new Date(Date.now() + 90 * dayMs);
  const algorithm = der(0x30, hex(oids.ecdsaWithSha256));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x40]), randomBytes(8)])),
    algorithm,
    distinguishedName(issuerName),
    der(0x30, time(notBefore), time(notAfter)),
    distinguishedName(options.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions(options))),
  );
  const signature = sign('sha256', body, options.issuer?.privateKey ?? privateKey);
  const certificate = der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
  return {
    commonName: options.commonName,
    privateKey,
    certificate: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A leaf for localhost below an intermediate and a root: `certificate` holds all three. */
export function issueChain(commonName: string): Credentials {
  const root = issueCertificate({ commonName: 'Portolan demo root', isAuthority: true });
  const middle = issueCertificate({
    commonName: 'Portolan demo intermediate',
    isAuthority: true,
    issuer: root,
  });
  const leaf = issueCertificate({ commonName, names: [commonName], issuer: middle });
  return { certificate: leaf.certificate + middle.certificate + root.certificate, key: leaf.key };
}

function extensions({ names = [], isAuthority = false }: CertificateOptions): Buffer[] {
  const critical = der(0x01, Buffer.from([0xff]));
  const isTrue = isAuthority ? [der(0x01, Buffer.from([0xff]))] : [];
  // Bits from the left: 5 and 6 sign certificates and revocations, 0 signs handshakes.
  const usage = der(0x03, Buffer.from(isAuthority ? [1, 0x06] : [7, 0x80]));
  const list = [
    der(0x30, hex(oids.basicConstraints), critical, der(0x04, der(0x30, ...isTrue))),
    der(0x30, hex(oids.keyUsage), critical, der(0x04, usage)),
  ];
  if (names.length > 0) {
    const entries = names.map((name) => der(0x82, Buffer.from(name, 'latin1')));
    list.push(der(0x30, hex(oids.subjectAltName), der(0x04, der(0x30, ...entries))));
  }
  return list;
}

function distinguishedName(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, hex(oids.commonName), der(0x0c, Buffer.from(commonName)))));
}

/** UTCTime, which holds 1950 to 2049. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`, 'latin1'));
}

/** One DER element: tag, length in the shortest form, contents. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  const length = contents.length;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), contents]);
}

function hex(bytes: string): Buffer {
  return Buffer.from(bytes, 'hex');
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
