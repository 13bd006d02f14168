import { isIP } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Tls } from '../../core/events.ts';
import { messageOf, systemCode } from '../../errors.ts';
import { ja3Hash, ja3sText, ja3Text, parseClientHello, parseServerHello } from './ja3.ts';
import type { ProbeFault } from '../probe.ts';
import type { PortSession } from '../session.ts';
import { Tap } from '../tap.ts';
import type { Wire } from '../wire.ts';

/** A finished handshake: the connection inside TLS, and what the handshake showed. */
export interface Secured {
  readonly wire: Wire;
  readonly tls: Tls;
}

/** A failed handshake, and whether the other side speaks TLS at all. */
export interface Unsecured {
  readonly wire?: undefined;
  readonly fault: ProbeFault;
  readonly isTls: boolean;
}

let sharedContext: SecureContext | undefined;

/**
 * Starts TLS on an open connection. Every certificate is accepted: an inventory wants to see the bad
 * ones. Old servers are supported as far as OpenSSL still does (TLS 1.0, SHA-1, small keys). JA3 is
 * that of our own ClientHello: JA3S means something only beside it.
 */
export async function startTls(
  session: PortSession,
  plain: Wire,
  alpn: readonly string[] = ['h2', 'http/1.1'],
): Promise<Secured | Unsecured> {
  const tap = new Tap(plain.stream);
  plain.isLent = true;
  const socket = await wrap(session, tap, alpn);
  const wire = session.hold(socket);
  const fault = await handshake(session, socket);
  if (fault) {
    wire.close();
    return { fault, isTls: isTlsRecord(tap.received.bytes()) };
  }
  return { wire, tls: describe(session, socket, tap) };
}

async function wrap(session: PortSession, tap: Tap, alpn: readonly string[]): Promise<TLSSocket> {
  const { connect } = await import('node:tls');
  const name = session.target.hostname;
  return connect({
    socket: tap,
    secureContext: (sharedContext ??= await permissiveContext()),
    rejectUnauthorized: false,
    ALPNProtocols: [...alpn],
    ...(name !== undefined && !isIP(name) ? { servername: name } : {}),
  });
}

async function permissiveContext(): Promise<SecureContext> {
  const [{ createSecureContext }, { constants }] = await Promise.all([
    import('node:tls'),
    import('node:crypto'),
  ]);
  return createSecureContext({
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
    // No trust store: it takes time to load, and would add roots to chains that lack them.
    ca: [],
  });
}

async function handshake(session: PortSession, socket: TLSSocket): Promise<ProbeFault | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | 'secured' | 'timeout' | 'closed'>();
  const limit = session.stepSignal();
  limit.addEventListener('abort', () => resolve('timeout'), { once: true });
  if (limit.aborted) resolve('timeout');
  socket.once('secureConnect', () => resolve('secured'));
  socket.once('error', resolve);
  socket.once('close', () => resolve('closed'));
  const outcome = await promise;
  if (outcome === 'secured') return undefined;
  if (outcome === 'timeout') {
    return { code: 'ETIMEDOUT', message: 'the TLS handshake did not finish in time' };
  }
  if (outcome === 'closed') {
    return { code: 'TLS_CLOSED', message: 'the server closed the connection in the handshake' };
  }
  return { code: faultCode(outcome), message: `TLS handshake: ${messageOf(outcome)}` };
}

/** `ERR_SSL_WRONG_VERSION_NUMBER` becomes `TLS_WRONG_VERSION_NUMBER`; system codes stay. */
function faultCode(error: Error): string {
  const code = systemCode(error);
  if (code === undefined) return 'TLS_HANDSHAKE';
  return /^E[A-Z]+$/.test(code) ? code : `TLS_${code.replace(/^ERR_(SSL_|TLS_)?/, '')}`;
}

/** An alert or handshake record: the server speaks TLS, even if not with us. */
function isTlsRecord(bytes: Uint8Array): boolean {
  return (bytes[0] === 21 || bytes[0] === 22) && bytes[1] === 3 && bytes.length >= 5;
}

function describe(session: PortSession, socket: TLSSocket, tap: Tap): Tls {
  const client = parseClientHello(tap.sent.bytes());
  const server = parseServerHello(tap.received.bytes());
  const name = session.target.hostname;
  return {
    version: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher()?.standardName ?? undefined,
    alpn: socket.alpnProtocol || undefined,
    server_name: name !== undefined && !isIP(name) ? name : undefined,
    ja3: client && ja3Hash(ja3Text(client)),
    ja3s: server && ja3Hash(ja3sText(server)),
    chain: certificateChain(session, socket),
  };
}

/** PEM texts, the server's own certificate first. */
function certificateChain(session: PortSession, socket: TLSSocket): string[] {
  const chain: string[] = [];
  try {
    let certificate = socket.getPeerCertificate(true);
    while (certificate?.raw && chain.length < session.limits.maxCertificates) {
      chain.push(pem(certificate.raw));
      const issuer = certificate.issuerCertificate;
      if (!issuer || issuer === certificate) break;
      certificate = issuer;
    }
  } catch (error) {
    session.fault('TLS_CERTIFICATE', `the certificate cannot be read: ${messageOf(error)}`);
  }
  return chain;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
