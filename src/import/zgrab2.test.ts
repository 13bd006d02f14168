import { expect, test } from 'vitest';
import { ofType, read } from '../../test/import/read-text.ts';

test('zgrab2: what each status says of the port, and no more', async () => {
  const scan = (status: string, more: object = {}): object => ({
    status,
    protocol: 'ssh',
    port: 2222,
    timestamp: '2026-01-01T00:00:00Z',
    ...more,
  });
  const lines = [
    scan('success', { result: { server_id: { raw: 'SSH-2.0-OpenSSH_9' } } }),
    scan('connection-refused'),
    scan('connection-timeout', { error: 'dial tcp: timeout' }),
    scan('io-timeout'),
    scan('unknown-error'),
  ].map((ssh, i) => JSON.stringify({ ip: `192.0.2.${i}`, data: { ssh } }));
  const web = {
    ip: '192.0.2.9',
    domain: 'a.example',
    data: {
      admin: {
        status: 'success',
        protocol: 'http',
        port: 8080,
        timestamp: '2026-01-01T00:00:00Z',
        result: {
          response: {
            status_code: 200,
            protocol: { name: 'HTTP/1.1', major: 1 },
            headers: { server: ['nginx'], content_type: ['text/html'] },
            body: '<html><title> Hi </title>',
            request: { url: { scheme: 'http', host: 'a.example:8080', path: '/' } },
          },
        },
      },
      // Older: no port.
      redis: { status: 'protocol-error', timestamp: '2026-01-01T00:00:00Z' },
    },
  };
  const found = await read([...lines, JSON.stringify(web)].join('\n'));
  expect(found.format).toBe('zgrab2');
  expect(found.ports.map((port) => port.split(' ').slice(0, 6).join(' '))).toEqual([
    '192.0.2.0 tcp 2222 open syn-ack ssh',
    '192.0.2.1 tcp 2222 closed conn-refused -',
    '192.0.2.2 tcp 2222 filtered no-response -',
    '192.0.2.3 tcp 2222 open syn-ack -',
    '192.0.2.9 tcp 8080 open syn-ack http',
    '192.0.2.9 tcp 6379 open syn-ack -',
  ]);
  expect(ofType(found, 'scan.banner')).toMatchObject([{ banner: 'SSH-2.0-OpenSSH_9' }]);
  expect(ofType(found, 'web.endpoint')).toMatchObject([
    { authority: 'a.example:8080', status: 200, server_header: 'nginx', title: 'Hi' },
  ]);
  expect(ofType(found, 'run.error').map(({ code }) => code)).toEqual([
    'CONNECTION_REFUSED',
    'CONNECTION_TIMEOUT',
    'IO_TIMEOUT',
    'UNKNOWN_ERROR',
    'PROTOCOL_ERROR',
  ]);
});

test('zgrab2: software that names itself is product and version', async () => {
  const of = (protocol: string, port: number, result: object): object => ({
    ip: '192.0.2.1',
    data: { [protocol]: { status: 'success', protocol, port, timestamp: '2026-01-01', result } },
  });
  const software = 'OpenSSH_9.2p1';
  const found = await read(
    [
      of('ssh', 22, { server_id: { raw: `SSH-2.0-${software}`, version: '2.0', software } }),
      of('ssh', 23, { server_id: { raw: 'SSH-2.0-dropbear', software: 'dropbear' } }),
      of('mysql', 3306, { protocol_version: 10, server_version: '8.0.36' }),
      of('redis', 6379, { version: '7.2.4' }),
      of('mongodb', 27_017, { build_info: { version: '7.0.5' } }),
      of('smtp', 25, { banner: '220 mail' }),
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
  );
  expect(found.last.batch.ports.services.map(({ product, version }) => [product, version])).toEqual(
    [
      ['OpenSSH', '9.2p1'],
      ['dropbear', undefined],
      [undefined, '8.0.36'],
      [undefined, '7.2.4'],
      [undefined, '7.0.5'],
      [undefined, undefined],
    ],
  );
});

test('zgrab2: TLS handshakes, with or without certificates', async () => {
  const hello = { version: { name: 'TLSv1.0' }, cipher_suite: { name: 'TLS_RSA_X' } };
  const scan = { status: 'success', port: 443, timestamp: '2026-01-01T00:00:00Z' };
  const bare = { ...scan, protocol: 'tls', result: { handshake_log: { server_hello: hello } } };
  const chosen = { ...hello, supported_versions: { selected_version: { name: 'TLSv1.3' } } };
  const request = {
    url: { scheme: 'https' },
    tls_log: { handshake_log: { server_hello: chosen } },
  };
  const page = { ...scan, protocol: 'http', result: { response: { status_code: 200, request } } };
  const grab = { ...scan, port: 2222, protocol: 'banner', result: { banner: '220 é\r\n' } };
  const found = await read(
    [{ tls: bare }, { http: page }, { banner: grab }]
      .map((data) => JSON.stringify({ ip: '192.0.2.1', domain: 'a.example', data }))
      .join('\n'),
  );
  expect(ofType(found, 'scan.tls').map(({ tls }) => tls)).toEqual([
    { version: 'TLSv1', cipher: 'TLS_RSA_X', server_name: 'a.example' },
  ]);
  expect(ofType(found, 'web.endpoint').map(({ tls }) => tls?.version)).toEqual(['TLSv1.3']);
  expect(found.ports.map((port) => port.split(' ').slice(2, 6).join(' '))).toEqual([
    '443 open syn-ack tls',
    '443 open syn-ack https',
    '2222 open syn-ack -',
  ]);
  expect(ofType(found, 'scan.banner').map(({ banner }) => banner)).toEqual(['220 é\\r\\n']);
});
