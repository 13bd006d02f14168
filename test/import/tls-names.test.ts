import { createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { importers } from '../../src/import/importers.ts';
import { issueChain } from '../../src/demo/certificates.ts';
import { listen } from '../servers/listen.ts';
import { probeLoopback } from '../servers/target.ts';

const { key, certificate: cert } = issueChain('localhost');

/** The service that a probe names on a port whose server answers with a text inside TLS. */
async function scanned(port: number, answer: string): Promise<string> {
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined);
    if (port === 993) socket.write(answer);
    else socket.on('data', () => answer !== '' && socket.write(answer, 'latin1'));
  });
  server.on('tlsClientError', () => undefined);
  const listening = await listen(server);
  try {
    return (await probeLoopback(listening.port, { as: port })).result.service.name;
  } finally {
    await listening.close();
  }
}

/** The service that an import names where nmap found a plain one in a TLS tunnel. */
async function imported(port: number, name: string): Promise<string | undefined> {
  const bytes = Buffer.from(
    '<nmaprun start="1700000000"><host endtime="1700000001"><status state="up" reason="x"/>' +
      '<address addr="192.0.2.1" addrtype="ipv4"/><ports>' +
      `<port protocol="tcp" portid="${port}"><state state="open" reason="syn-ack"/>` +
      `<service name="${name}" tunnel="ssl" method="probed" conf="10"/></port></ports></host>` +
      '<runstats><finished time="1700000002" exit="success"/></runstats></nmaprun>',
  );
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const input = { chunks: chunks(), bytesRead: () => bytes.length, isCutOff: () => false };
  const read = importers
    .find((importer) => importer.name === 'nmap-xml')
    ?.read({ ...input, modifiedAt: 0, name: 'test' });
  for await (const { batch } of read ?? []) {
    const [service] = batch.ports.services;
    if (service) return service.name;
  }
  return undefined;
}

test.each([
  [993, 'imap', '* OK Dovecot ready.\r\n', 'imaps'],
  [5671, 'amqp', 'AMQP\0\0\x09\x01', 'amqps'],
  [6380, 'redis', '+PONG\r\n$20\r\nredis_version:7.2.4\r\n', 'ssl/redis'],
  [8443, 'http', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 'https'],
  [8443, 'unknown', '', 'tls'],
])(
  'port %i with %s inside TLS has one name, scanned or imported',
  async (port, name, text, tls) => {
    expect(await scanned(port, text)).toBe(tls);
    expect(await imported(port, name)).toBe(tls);
  },
);
