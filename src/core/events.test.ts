import { expect, test } from 'vitest';
import { scanEvent } from './events.ts';
import { portScope } from './scope.ts';

/** The three events that the V1 format prints. */
const v1Events = [
  '{"type":"scan.port","run_id":"018f...","addr":"192.0.2.10","transport":"tcp","port":443,"state":"open","reason":"syn-ack","t_first":1725900000101,"t_last":1725900000126}',
  '{"type":"web.endpoint","run_id":"018f...","addr":"192.0.2.10","transport":"tcp","port":443,"scheme":"https","authority":"app.example.com","path":"/","status":200,"h2":1,"server_header":"nginx","content_type":"text/html","favicon_hash":"mmh3:0x1a2b3c","tech_tags":["nginx","react"],"tls":{"ja3":"...","ja3s":"...","chain":["...PEM..."]},"t":1725900000456}',
  '{"type":"run.error","run_id":"018f...","scope":"port:192.0.2.10:tcp:443","code":"ECONNRESET","message":"connection reset by peer","t":1725900000501}',
];

test('the events of the V1 format are read as they are printed', () => {
  const [scanned, page, error] = v1Events.map((line) => scanEvent.parse(JSON.parse(line)));
  expect(scanned).toEqual(JSON.parse(v1Events[0]!));
  expect(page).toMatchObject({ favicon_hash: 0x1a2b3c, h2: 1, tech_tags: ['nginx', 'react'] });
  expect(error).toEqual(JSON.parse(v1Events[2]!));
});

test.each([
  ['an address with a leading zero', { addr: '010.0.0.1' }],
  ['a port above 65535', { port: 65_536 }],
  ['an unknown state', { state: 'ajar' }],
  ['a time as text', { t_first: '2024-01-01' }],
  ['no transport', { transport: undefined }],
])('%s is refused', (_name, change) => {
  const event = { ...(JSON.parse(v1Events[0]!) as object), ...change };
  expect(scanEvent.safeParse(event).success).toBe(false);
});

test('both notations of a favicon hash are one number', () => {
  const page = (hash: unknown): unknown =>
    scanEvent.parse({ ...(JSON.parse(v1Events[1]!) as object), favicon_hash: hash });
  expect(page('mmh3:0xd2dd9b4e')).toMatchObject({ favicon_hash: -757_228_722 });
  expect(page(-757_228_722)).toMatchObject({ favicon_hash: -757_228_722 });
});

test('the scope of an IPv6 port has brackets', () => {
  expect(portScope('192.0.2.10', 'tcp', 443)).toBe('port:192.0.2.10:tcp:443');
  expect(portScope('2001:db8::1', 'tcp', 443)).toBe('port:[2001:db8::1]:tcp:443');
});
