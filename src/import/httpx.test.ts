import { expect, test } from 'vitest';
import { ofType, read } from '../../test/import/read-text.ts';

test('httpx: a page, its port, its host', async () => {
  const line = {
    timestamp: '2026-01-01T00:00:00.5Z',
    input: 'a.example',
    url: 'https://a.example:8443/login?x=1',
    scheme: 'https',
    host: 'a.example',
    host_ip: '192.0.2.10',
    port: '8443',
    path: '/login',
    method: 'GET',
    status_code: 200,
    title: 'Sign in',
    webserver: 'nginx/1.25',
    content_type: 'text/html',
    content_length: 123,
    tech: ['Nginx:1.25', 'React'],
    favicon: '-1234567',
    http2: true,
    time: '12ms',
    asn: { as_number: 'AS64500', as_name: 'example', as_range: ['192.0.2.0/24'] },
    tls: { tls_version: 'tls13', cipher: 'TLS_AES_128_GCM_SHA256', sni: 'a.example' },
  };
  const found = await read(
    [
      JSON.stringify(line),
      // Older: `host` is the address, names have hyphens.
      '{"timestamp":"2026-01-01T00:00:01Z","url":"http://192.0.2.11","host":"192.0.2.11","port":"80","status-code":301,"location":"/x"}',
      '{"timestamp":"2026-01-01T00:00:02Z","url":"http://192.0.2.12","host_ip":"192.0.2.12","failed":true,"error":"timeout"}',
      '{"timestamp":"2026-01-01T00:00:03Z","url":"http://b.example","failed":false,"status_code":200}',
    ].join('\n'),
  );
  expect(found.format).toBe('httpx');
  const [page, old] = ofType(found, 'web.endpoint');
  expect(page).toMatchObject({
    addr: '192.0.2.10',
    port: 8443,
    scheme: 'https',
    authority: 'a.example:8443',
    path: '/login?x=1',
    status: 200,
    h2: 1,
    server_header: 'nginx/1.25',
    favicon_hash: -1234567,
    tech_tags: ['Nginx:1.25', 'React'],
    tls: { version: 'TLSv1.3', server_name: 'a.example' },
    t: Date.UTC(2026, 0, 1) + 500,
  });
  expect(old).toMatchObject({ addr: '192.0.2.11', port: 80, status: 301, location: '/x' });
  expect(ofType(found, 'scan.host')).toMatchObject([
    { hostname: 'a.example', asn: 64500, org: 'example' },
  ]);
  expect(ofType(found, 'run.error')).toMatchObject([
    { scope: 'port:192.0.2.12:tcp:80', code: 'HTTP_FAILED', message: 'timeout' },
    { scope: 'line:4', message: expect.stringContaining('no address for b.example') },
  ]);
});
