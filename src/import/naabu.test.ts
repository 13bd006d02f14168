import { expect, test } from 'vitest';
import { ofType, read } from '../../test/import/read-text.ts';

test('naabu: some versions have an object for the port', async () => {
  const port = '{"Port":53,"Protocol":1,"TLS":false}';
  const found = await read(
    `{"host":"a.example","ip":"192.0.2.10","timestamp":"2026-01-01T00:00:00Z","port":${port}}\n` +
      '{"ip":"192.0.2.11","port":22,"timestamp":"2026-01-01T00:00:00Z"}\n',
  );
  const t = Date.UTC(2026, 0, 1);
  expect(found.format).toBe('naabu');
  expect(found.ports).toEqual([
    `192.0.2.10 udp 53 open - - ${t}`,
    `192.0.2.11 tcp 22 open - - ${t}`,
  ]);
});

test('naabu: one port per line, each host once', async () => {
  const found = await read(
    [
      '{"host":"a.example","ip":"192.0.2.10","timestamp":"2026-01-01T00:00:00Z","port":443,"protocol":"tcp","tls":true}',
      '{"host":"a.example","ip":"192.0.2.10","timestamp":"2026-01-01T00:00:01Z","port":22,"protocol":"tcp","name":"ssh","product":"OpenSSH","version":"9","confidence":10,"cpes":["cpe:/a:x","cpe:/a:y"],"mac_address":"AA:BB:CC:00:11:22"}',
    ].join('\n'),
  );
  const t = Date.UTC(2026, 0, 1);
  expect(found.format).toBe('naabu');
  expect(found.ports).toEqual([
    `192.0.2.10 tcp 443 open - tls ${t}`,
    `192.0.2.10 tcp 22 open - ssh ${t + 1000}`,
  ]);
  expect(ofType(found, 'scan.host')).toMatchObject([
    { hostname: 'a.example' },
    { hostname: 'a.example', mac: 'aa:bb:cc:00:11:22' },
  ]);
  expect(found.last.batch.ports.services[1]).toEqual({
    name: 'ssh',
    product: 'OpenSSH',
    version: '9',
    cpe: 'cpe:/a:x cpe:/a:y',
    confidence: 1,
  });
});

test('naabu without times gets the time of its file, and is marked untimed', async () => {
  const found = await read('{"ip":"192.0.2.10","port":80}\n{"ip":"192.0.2.10","port":81}\n');
  expect(found.ports).toEqual([
    '192.0.2.10 tcp 80 open - - 1600000000000',
    '192.0.2.10 tcp 81 open - - 1600000000000',
  ]);
  expect(found.last.isUntimed).toBe(true);
});
