import { X509Certificate } from 'node:crypto';
import { createServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { listen, listenTcp } from '../../../test/servers/listen.ts';
import { probeLoopback, type ProbeRun } from '../../../test/servers/target.ts';
import { issueCertificate, issueChain } from '../../demo/certificates.ts';

type Options = Parameters<typeof probeLoopback>[1];

/** Probes a TLS server; it looks like an IMAP server's port, whose servers greet. */
async function probe(
  tls: TlsOptions,
  options: Options = {},
  onConnection: (socket: TLSSocket) => void = (socket) => socket.write('* OK Dovecot ready.\r\n'),
): Promise<ProbeRun> {
  const server = createServer(tls, (socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.on('tlsClientError', () => {});
  const listening = await listen(server);
  try {
    return await probeLoopback(listening.port, { as: 993, ...options });
  } finally {
    await listening.close();
  }
}

const chain = issueChain('localhost');
const credentials = { key: chain.key, cert: chain.certificate };
const subjects = (texts: readonly string[] = []) =>
  texts.map((text) => new X509Certificate(text).subject);

describe('a TLS handshake', () => {
  test('gives version, cipher, chain and fingerprints, and the service inside', async () => {
    const { result, sockets } = await probe(credentials, { hostname: 'localhost' });
    expect(result.service).toMatchObject({ name: 'imaps', product: 'Dovecot' });
    expect(result.banners).toMatchObject([
      { protocol: 'imaps', banner: String.raw`* OK Dovecot ready.\r\n` },
    ]);
    expect(result.tls?.tls).toMatchObject({
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      server_name: 'localhost',
      ja3: expect.stringMatching(/^[0-9a-f]{32}$/),
      ja3s: '15af977ce25de452b96affa2addb1036',
    });
    expect(subjects(result.tls?.tls.chain)).toEqual([
      'CN=localhost',
      'CN=Portolan demo intermediate',
      'CN=Portolan demo root',
    ]);
    expect(result.faults).toEqual([]);
    expect(sockets).toHaveLength(1);
  });

  test('has the same JA3 each time, since that is our own ClientHello', async () => {
    const [one, two] = await Promise.all([probe(credentials), probe(credentials)]);
    expect(one.result.tls?.tls.ja3).toBe(two.result.tls?.tls.ja3);
  });

  test('with an expired, self-signed certificate gives that one certificate', async () => {
    const expired = issueCertificate({
      commonName: 'old.example',
      notBefore: new Date('2001-01-01'),
      notAfter: new Date('2002-01-01'),
    });
    const { result } = await probe({ key: expired.key, cert: expired.certificate });
    expect(subjects(result.tls?.tls.chain)).toEqual(['CN=old.example']);
    expect(result.faults).toEqual([]);
  });

  test('with an old server is still made', async () => {
    const { result } = await probe({
      ...credentials,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    expect(result.tls?.tls.version).toBe('TLSv1');
  });

  test('that the server refuses for want of a client certificate still shows the server', async () => {
    const { result } = await probe({ ...credentials, requestCert: true, rejectUnauthorized: true });
    expect(result.service.name).toBe('tls');
    expect(subjects(result.tls?.tls.chain)[0]).toBe('CN=localhost');
  });

  test('on an unexpected port is found after silence', async () => {
    const { result } = await probe(credentials, { as: 40_123 }, () => {});
    expect(result.service).toEqual({ name: 'tls', confidence: 0.8, method: 'tls' });
    expect(result.tls?.tls.chain).toHaveLength(3);
  });
});

describe('a broken TLS server', () => {
  const cut = issueCertificate({ commonName: 'x' }).certificate;

  test('with an unknown version is TLS with a fault', async () => {
    const alert = Buffer.from([21, 3, 3, 0, 2, 2, 70]);
    const server = await listenTcp((socket) => socket.once('data', () => socket.end(alert)));
    const { result } = await probeLoopback(server.port, { as: 443 });
    expect(result.service).toEqual({ name: 'tls', confidence: 0.8, method: 'tls' });
    expect(result.faults).toEqual([
      {
        code: expect.stringMatching(/^TLS_\w+/),
        message: expect.stringContaining('TLS handshake'),
      },
    ]);
    await server.close();
  });

  test('with wrong record lengths is a fault, not a crash', async () => {
    for (const lie of [
      Buffer.from([22, 3, 3, 0xff, 0xff, 2, 0, 0, 4]),
      Buffer.from([22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff]),
      Buffer.concat([Buffer.from([22, 3, 3, 0x40, 0]), Buffer.alloc(0x4000, 0xff)]),
    ]) {
      const server = await listenTcp((socket) => socket.once('data', () => socket.write(lie)));
      const run = await probeLoopback(server.port, { as: 443 });
      expect(run.result.service.name).toBe('tls');
      expect(run.result.faults).toHaveLength(1);
      expect(run.sockets.every((socket) => socket.destroyed)).toBe(true);
      await server.close();
    }
  });

  test('that sends a certificate which is none is a fault, not a crash', async () => {
    const base64 = cut.split('\n').slice(1, -2).join('');
    const der = Buffer.from(base64, 'base64');
    // The subject's public key algorithm becomes one that does not exist.
    const at = der.indexOf(Buffer.from('06072a8648ce3d0201', 'hex'));
    expect(at).toBeGreaterThan(0);
    const certificate = Buffer.from(der);
    certificate[at + 5] = 0xff;
    const reply = serverHelloWith(certificate);
    const server = await listenTcp((socket) => socket.once('data', () => socket.write(reply)));
    const { result } = await probeLoopback(server.port, { as: 443 });
    expect(result.service.name).toBe('tls');
    expect(result.faults[0]?.code).toMatch(/^TLS_/);
    await server.close();
  });
});

/** A big-endian number of a TLS message. */
function uint(size: number, value: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

/** A TLS 1.2 ServerHello and Certificate, after which the server is silent. */
function serverHelloWith(certificate: Buffer): Buffer {
  const message = (type: number, body: Buffer) =>
    Buffer.concat([Buffer.from([type]), uint(3, body.length), body]);
  // ECDHE-ECDSA with AES-128-GCM, renegotiation info.
  const hello = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 1),
    Buffer.from([0, 0xc0, 0x2b, 0, 0, 5, 0xff, 1, 0, 1, 0]),
  ]);
  const list = Buffer.concat([uint(3, certificate.length), certificate]);
  const body = Buffer.concat([
    message(2, hello),
    message(11, Buffer.concat([uint(3, list.length), list])),
  ]);
  return Buffer.concat([Buffer.from([22, 3, 3]), uint(2, body.length), body]);
}
