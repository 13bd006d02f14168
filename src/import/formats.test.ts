import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImportChunk } from '../core/event-batch.ts';
import { scanEvent, type ScanEvent } from '../core/events.ts';
import { portStates, reasons, transports } from '../core/states.ts';
import { AppError } from '../errors.ts';
import { importers, sniff } from './importers.ts';

interface Found {
  readonly format: string;
  readonly events: readonly ScanEvent[];
  readonly ports: readonly string[];
  readonly last: ImportChunk;
}

async function chunksOf(text: string | Buffer, format?: string): Promise<ImportChunk[]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += 1000) yield bytes.subarray(i, i + 1000);
  }
  const importer = importers.find(({ name }) => name === format) ?? sniff(bytes, 'test');
  const input = { chunks: chunks(), bytesRead: () => bytes.length, isCutOff: () => false };
  return Array.fromAsync(importer.read({ ...input, modifiedAt: 1_600_000_000_000, name: 'test' }));
}

/** Everything in a text: ports as `address transport port state reason service t`. */
async function read(text: string): Promise<Found> {
  const chunks = await chunksOf(text);
  const ports = chunks.flatMap(({ batch: { ports: p } }) =>
    Array.from({ length: p.length }, (_, i) =>
      [
        p.addresses[p.address[i]!],
        transports[p.transport[i]!],
        p.port[i],
        portStates[p.state[i]!],
        reasons[p.reason[i]!] ?? '-',
        p.services[p.service[i]!]?.name ?? '-',
        p.last[i],
      ].join(' '),
    ),
  );
  const events = chunks.flatMap(({ batch }) => batch.events);
  for (const event of events) scanEvent.parse(event);
  return { format: sniff(Buffer.from(text), 'test').name, events, ports, last: chunks.at(-1)! };
}

function ofType<T extends ScanEvent['type']>(
  { events }: Found,
  type: T,
): Extract<ScanEvent, { type: T }>[] {
  return events.filter((event) => event.type === type) as Extract<ScanEvent, { type: T }>[];
}

const seconds = 1_700_000_000;

describe('masscan', () => {
  const json = [
    '[',
    '{   "ip": "192.0.2.10",   "timestamp": "1700000000", "ports": [ {"port": 443, "proto": "tcp", "status": "open", "reason": "syn-ack", "ttl": 57} ] }',
    ',',
    '{   "ip": "2001:db8::1",   "timestamp": "1700000001", "ports": [ {"port": 53, "proto": "udp", "status": "open", "reason": "none", "ttl": 0} ] }',
    ',',
    '{   "ip": "192.0.2.10",   "timestamp": "1700000002", "ports": [ {"port": 443, "proto": "tcp", "service": {"name": "ssl", "banner": "TLS/1.2 \\u0041"} } ] }',
    ']',
  ].join('\n');

  test('-oJ gives ports and banners', async () => {
    const found = await read(json);
    expect(found.format).toBe('masscan-json');
    expect(found.ports).toEqual([
      `192.0.2.10 tcp 443 open syn-ack - ${seconds * 1000}`,
      `2001:db8::1 udp 53 open udp-response - ${(seconds + 1) * 1000}`,
    ]);
    expect(ofType(found, 'scan.banner')).toMatchObject([
      { addr: '192.0.2.10', port: 443, protocol: 'ssl', banner: 'TLS/1.2 A' },
    ]);
    expect(ofType(found, 'run.finish')).toHaveLength(1);
    expect(found.last).toMatchObject({ badLines: 0, isTruncated: false });
  });

  test('old forms of -oJ are read: bare names, commas too many, {finished: 1}, no bracket', async () => {
    const old = [
      '[',
      '{ ip: "192.0.2.10", timestamp: "1700000000", ports: [ {port: 80, proto: "tcp", status: "open", reason: "syn-ack", ttl: 5,} ] },',
      '{ "ip": "192.0.2.11",   "timestamp": "1700000000", "ports": [ {"port": 81, "proto": "tcp", "status": "open", "reason": "syn-ack, ttl: 5", "ttl": 57} ] },',
      '{finished: 1}',
      ']',
    ];
    const found = await read(old.join('\n'));
    expect(found.ports.map((port) => port.split(' ').slice(0, 3))).toEqual([
      ['192.0.2.10', 'tcp', '80'],
      ['192.0.2.11', 'tcp', '81'],
    ]);
    expect(found.last.badLines).toBe(0);
    const open = await read(old.slice(0, 3).join('\n'));
    expect(open.ports).toEqual(found.ports);
    expect(ofType(open, 'run.finish')).toEqual([]);
  });

  test('-oD and -oL tell the same', async () => {
    const ndjson = await read(
      [
        '{"ip":"192.0.2.10","timestamp":"1700000000","port":443,"proto":"tcp","rec_type":"status","data":{"status":"open","reason":"syn-ack","ttl":57}}',
        '{"ip":"192.0.2.10","timestamp":"1700000001","port":443,"proto":"tcp","rec_type":"banner","data":{"service_name":"http","banner":"Server: nginx"}}',
      ].join('\n'),
    );
    const list = await read(
      [
        '#masscan',
        'open tcp 443 192.0.2.10 1700000000',
        'banner tcp 443 192.0.2.10 1700000001 http Server: nginx',
        '# end',
      ].join('\n'),
    );
    expect(ndjson.format).toBe('masscan-ndjson');
    expect(list.format).toBe('masscan-list');
    expect(list.ports).toEqual(ndjson.ports);
    const banners = [ndjson, list].map((found) => ofType(found, 'scan.banner')[0]?.banner);
    expect(banners).toEqual(['Server: nginx', 'Server: nginx']);
  });

  test('a banner is the same text in every format', async () => {
    const said = 'a\\r\\n\\xff\\\\x';
    const json = await read(
      '[\n{"ip":"192.0.2.10","timestamp":"1700000000","ports":[{"port":80,"proto":"tcp","service":{"name":"http","banner":"a\\u000d\\u000a\\u00ff\\\\x"}}]}\n]',
    );
    const list = await read(
      'banner tcp 80 192.0.2.10 1700000001 http a\\x0d\\x0a\\xff\\x5cx\n# end',
    );
    const xml = await read(
      '<nmaprun scanner="masscan" start="1700000000"><host endtime="1700000001">' +
        '<address addr="192.0.2.10" addrtype="ipv4"/><ports><port protocol="tcp" portid="80">' +
        '<state state="open" reason="response"/>' +
        '<service name="http" banner="a\\x0d\\x0a\\xff\\x5cx"/></port></ports></host></nmaprun>',
    );
    for (const found of [json, list, xml]) {
      expect(ofType(found, 'scan.banner').map(({ banner }) => banner)).toEqual([said]);
    }
  });

  test('-oX has a host element a port, and no state of hosts', async () => {
    const found = await read(
      `<?xml version="1.0"?>
<!-- masscan v1.0 scan -->
<nmaprun scanner="masscan" start="1700000000" version="1.0-BETA"  xmloutputversion="1.03">
<scaninfo type="syn" protocol="tcp" />
<host endtime="1700000003"><address addr="192.0.2.10" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/></port></ports></host>
<host endtime="1700000003"><address addr="2001:db8::1" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/></port></ports></host>
<host endtime="1700000004"><address addr="192.0.2.10" addrtype="ipv4"/><ports><port protocol="tcp" portid="22"><state state="open" reason="response" reason_ttl="64" /><service name="ssh" banner="SSH-2.0-x &amp; y"></service></port></ports></host>
<runstats>
<finished time="1700000004" timestr="x" elapsed="4" />
<hosts up="2" down="0" total="2" />
</runstats>
</nmaprun>`,
    );
    expect(found.ports).toEqual([
      '192.0.2.10 tcp 22 open syn-ack - 1700000003000',
      '2001:db8::1 tcp 22 open syn-ack - 1700000003000',
    ]);
    expect(ofType(found, 'scan.banner')).toMatchObject([
      { protocol: 'ssh', banner: 'SSH-2.0-x & y' },
    ]);
    expect(ofType(found, 'scan.host')).toEqual([]);
    // It does not say which ports it looked at: nothing may be concluded.
    expect(ofType(found, 'run.unit')).toEqual([]);
  });
});

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

test('naabu: a port a line, of a host told once', async () => {
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

test('naabu without times has the time of its file, and says so', async () => {
  const found = await read('{"ip":"192.0.2.10","port":80}\n{"ip":"192.0.2.10","port":81}\n');
  expect(found.ports).toEqual([
    '192.0.2.10 tcp 80 open - - 1600000000000',
    '192.0.2.10 tcp 81 open - - 1600000000000',
  ]);
  expect(found.last.isUntimed).toBe(true);
});

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

test('zgrab2: a handshake of TLS is told with or without certificates', async () => {
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

test('nuclei: a check that found nothing is no finding', async () => {
  const line = (status: boolean): string =>
    `{"template-id":"x","info":{"severity":"high"},"host":"192.0.2.1","timestamp":"2026-01-01T00:00:00Z","matcher-status":${status}}`;
  const found = await read(`${line(false)}\n${line(true)}\n${line(false)}\n`);
  expect(ofType(found, 'scan.finding')).toHaveLength(1);
  expect(found.last.badLines).toBe(0);
});

test('nuclei: findings, also of names that have no address', async () => {
  const found = await read(
    [
      '{"template-id":"CVE-2021-44228","info":{"name":"Log4j","severity":"critical","tags":["cve","rce"],"description":" text ","classification":{"cve-id":["cve-2021-44228"],"cwe-id":["cwe-502"],"cvss-score":10}},"matcher-name":"m","type":"http","host":"http://a.example:8080","port":"8080","url":"http://a.example:8080","matched-at":"http://a.example:8080/x","extracted-results":["1.2"],"ip":"192.0.2.10","timestamp":"2026-01-01T00:00:00.000000001Z"}',
      '{"templateID":"spf","info":{"name":"SPF","severity":"info","tags":"dns,spf"},"type":"dns","host":"a.example","matched":"a.example","timestamp":"2026-01-01T00:00:01Z"}',
      '{"template-id":"ssh","info":{"name":"SSH","severity":"odd"},"type":"tcp","host":"192.0.2.11:22","matched-at":"192.0.2.11:22","timestamp":"2026-01-01T00:00:02Z"}',
    ].join('\n'),
  );
  expect(found.format).toBe('nuclei');
  const [log4j, spf, ssh] = ofType(found, 'scan.finding');
  expect(log4j).toMatchObject({
    addr: '192.0.2.10',
    transport: 'tcp',
    port: 8080,
    rule: 'CVE-2021-44228',
    matcher: 'm',
    severity: 'critical',
    cve: ['CVE-2021-44228'],
    cwe: ['CWE-502'],
    cvss: 10,
    extracted: ['1.2'],
    description: 'text',
    t: Date.UTC(2026, 0, 1),
  });
  expect(spf).not.toHaveProperty('addr');
  expect(spf).toMatchObject({ rule: 'spf', severity: 'info', tags: ['dns', 'spf'] });
  expect(ssh).toMatchObject({ addr: '192.0.2.11', port: 22, severity: 'unknown' });
});

test('older aggregate lines are ports and pages, alone and between events', async () => {
  const lines = [
    '{"host":"a.example","ip":"192.0.2.10","ts":1725900000,"open":[22,"443/tcp",{"port":53,"transport":"udp","service":"domain"}]}',
    '{"ip":"192.0.2.10","ts":1725900001,"final_url":"https://a.example/home","status":200,"title":"Home"}',
  ];
  const found = await read(lines.join('\n'));
  expect(found.format).toBe('aggregate');
  expect(found.ports).toEqual([
    '192.0.2.10 tcp 22 open - - 1725900000000',
    '192.0.2.10 tcp 443 open - - 1725900000000',
    '192.0.2.10 udp 53 open - domain 1725900000000',
  ]);
  const page = { scheme: 'https', port: 443, authority: 'a.example', path: '/home', status: 200 };
  expect(ofType(found, 'web.endpoint')).toMatchObject([page]);
  const event =
    '{"type":"scan.port","run_id":"r","addr":"192.0.2.1","transport":"tcp","port":1,"state":"open","t_first":1,"t_last":2}';
  const mixed = await read([event, ...lines].join('\n'));
  expect(mixed.format).toBe('jsonl');
  expect(mixed.ports).toHaveLength(4);
  expect(mixed.last).toMatchObject({ runId: 'r', badLines: 0 });
});

test('CSV: columns by their names, whatever their order', async () => {
  const found = await read(
    [
      'IP Address;State;Port;Proto;Service;Product;Timestamp;Comment',
      '192.0.2.10;open;443/tcp;;https;"nginx; ""x""";2026-01-01T00:00:00Z;a',
      '192.0.2.10;open|filtered;53;udp;;;2026-01-01 00:00:01Z;',
      '192.0.2.10;odd;54;udp;;;;',
      'nowhere;open;1;;;;;',
    ].join('\n'),
  );
  const t = Date.UTC(2026, 0, 1);
  expect(found.format).toBe('csv');
  expect(found.ports).toEqual([
    `192.0.2.10 tcp 443 open - https ${t}`,
    `192.0.2.10 udp 53 open|filtered - - ${t + 1000}`,
  ]);
  expect(found.last.batch.ports.services[0]?.product).toBe('nginx; "x"');
  expect(ofType(found, 'run.error')).toMatchObject([
    { scope: 'line:4', message: '"odd" is no state of a port' },
    { scope: 'line:5', message: '"nowhere" is no address' },
  ]);
});

test('CSV: a time of any zone, without one UTC; what is no time costs its row', async () => {
  const times = [
    '2026-03-05T10:00:00+02:00',
    '2026-03-05 10:00:00',
    '20260305T100000Z',
    '2026-03-05',
    '20260305',
    '"2026-03-05T10:00:00,5Z"',
    '1772704800',
    '1772704800123',
    '13/03/2026 10:00',
    '05/03/2026',
    '2026',
    '2026-13-05T10:00:00',
    '2026-02-30T10:00:00Z',
    '2026-02-30',
  ];
  const rows = times.map((time, i) => `192.0.2.${i},80,${time}`);
  const found = await read(['ip,port,time', ...rows].join('\n'));
  expect(found.ports.map((port) => new Date(Number(port.split(' ').at(-1))).toISOString())).toEqual(
    [
      '2026-03-05T08:00:00.000Z',
      '2026-03-05T10:00:00.000Z',
      '2026-03-05T10:00:00.000Z',
      '2026-03-05T00:00:00.000Z',
      '2026-03-05T00:00:00.000Z',
      '2026-03-05T10:00:00.500Z',
      '2026-03-05T10:00:00.000Z',
      '2026-03-05T10:00:00.123Z',
    ],
  );
  expect(ofType(found, 'run.error').map(({ message }) => message)).toEqual(
    times.slice(8).map((time) => expect.stringContaining(`"${time}" is no time`)),
  );
});

test('CSV: a row that is cut, or has another number of fields, is no port', async () => {
  const found = await read(
    'ip,port,product\n192.0.2.1,80,nginx\n192.0.2.2,81\n192.0.2.3,8,a,b\n192.0.2.4,8',
  );
  expect(found.ports).toHaveLength(1);
  expect(ofType(found, 'run.error').map(({ code, message }) => `${code} ${message}`)).toEqual([
    'INVALID_LINE it has 2 fields, and the header 3',
    'INVALID_LINE it has 4 fields, and the header 3',
    'TRUNCATED it has 2 fields, and the header 3',
  ]);
});

test('CSV: software without the name of its service is kept', async () => {
  const found = await read(
    'ip,port,product,version,cpe\n192.0.2.1,443,nginx,1.2,cpe:/a:f5:nginx\n',
  );
  expect(found.last.batch.ports.services).toEqual([
    { name: 'unknown', product: 'nginx', version: '1.2', cpe: 'cpe:/a:f5:nginx' },
  ]);
});

describe('CSV: a quoted field', () => {
  const header = 'address,port,product,service';
  const rowsOf = async (...lines: string[]) => {
    const found = await read([header, ...lines, ''].join('\n'));
    const { services, service } = found.last.batch.ports;
    return {
      ports: found.ports.map((port) => port.split(' ').slice(0, 3).join(' ')),
      products: Array.from(found.ports, (_, i) => services[service[i]!]?.product),
      errors: ofType(found, 'run.error').map(({ scope, message }) => `${scope} ${message}`),
    };
  };

  test('goes on in the next lines', async () => {
    expect(
      await rowsOf(
        '192.0.2.1,22,"a\n""b"", c\n\nd",ssh',
        '192.0.2.2,80,e,http',
        'nowhere,80,,',
        '192.0.2.3,81,"f\r\ng",http',
      ),
    ).toEqual({
      ports: ['192.0.2.1 tcp 22', '192.0.2.2 tcp 80', '192.0.2.3 tcp 81'],
      products: ['a\n"b", c\n\nd', 'e', 'f\r\ng'],
      errors: ['line:7 "nowhere" is no address'],
    });
  });

  test('that nobody closes costs its own line, and no other', async () => {
    expect(
      await rowsOf(
        '192.0.2.1,22,"stray,ssh',
        '192.0.2.2,80,e,http',
        '192.0.2.3,81,"f",http',
        '192.0.2.4,82,"another,http',
        '192.0.2.5,83,"g',
        'h",http',
      ),
    ).toEqual({
      ports: ['192.0.2.2 tcp 80', '192.0.2.3 tcp 81', '192.0.2.5 tcp 83'],
      products: ['e', 'f', 'g\nh'],
      errors: [2, 5].map(
        (line) => `line:${line} a quote is not closed, or something follows a closed one`,
      ),
    });
  });

  test('of more than a row can have is no field', async () => {
    const others = Array.from({ length: 3_000 }, (_, i) => `192.0.2.${i % 250},${i + 1},,http`);
    const { ports, errors } = await rowsOf('192.0.2.1,22,"stray,ssh', ...others);
    expect(ports).toHaveLength(3_000);
    expect(errors).toHaveLength(1);
  });
});

test('CSV without ports lists hosts', async () => {
  const found = await read('address,hostname,mac\n192.0.2.1,a.example,AA:BB\n192.0.2.2,,\n');
  expect(ofType(found, 'scan.host')).toMatchObject([
    { addr: '192.0.2.1', hostname: 'a.example', mac: 'aa:bb', state: 'up' },
    { addr: '192.0.2.2', state: 'up' },
  ]);
});

describe('a file is one run', () => {
  const line = (ip: string, second: number): string => `open tcp 443 ${ip} ${seconds + second}`;
  const runOf = async (...lines: string[]): Promise<string | undefined> =>
    (await read(lines.join('\n'))).last.runId;

  test('which it stays when it grows, and another scan is another', async () => {
    const run = await runOf(line('192.0.2.1', 0));
    expect(await runOf(line('192.0.2.1', 0), line('192.0.2.2', 1), '# end')).toBe(run);
    expect(await runOf('#masscan', line('192.0.2.1', 0))).toBe(run);
    expect(await runOf(line('192.0.2.1', 1))).not.toBe(run);
  });

  test('of which the beginning decides where it has no times', async () => {
    const run = await runOf('{"ip":"192.0.2.1","port":80}', '{"ip":"192.0.2.1","port":81}');
    const other = await runOf('{"ip":"192.0.2.1","port":80}', '{"ip":"192.0.2.1","port":82}');
    expect(other).not.toBe(run);
  });
});

const samples: Readonly<Record<string, string>> = {
  'masscan-json':
    '[\n{"ip":"192.0.2.1","timestamp":"1700000000","ports":[{"port":1,"proto":"tcp","status":"open","reason":"syn-ack"}]}\n]',
  'masscan-ndjson':
    '{"ip":"192.0.2.1","timestamp":"1","port":1,"proto":"tcp","rec_type":"status","data":{"status":"open"}}',
  'masscan-list': 'open tcp 443 192.0.2.1 1700000000\nbanner tcp 443 192.0.2.1 1 http x',
  naabu: '{"ip":"192.0.2.1","port":1,"timestamp":"2026-01-01T00:00:00Z"}',
  httpx: '{"url":"http://192.0.2.1","host":"192.0.2.1","status_code":200,"tls":{},"asn":{}}',
  zgrab2: '{"ip":"192.0.2.1","data":{"http":{"status":"success","result":{"response":{}}}}}',
  nuclei: '{"template-id":"x","info":{"severity":"low"},"matched-at":"y","ip":"192.0.2.1"}',
  aggregate: '{"open":[1],"ip":"192.0.2.1","final_url":"http://x/"}',
  csv: 'address,port\n192.0.2.1,80\n',
  jsonl: '{"type":"run.error","run_id":"r","scope":"x","code":"y","message":"z","t":1}',
  'nmap-xml':
    '<nmaprun start="1" args="x"><scaninfo protocol="tcp" services="1-9"/><host endtime="2"><status state="up" reason="x"/><address addr="192.0.2.1"/><ports><port protocol="tcp" portid="1"><state state="open" reason="z"/><script id="a" output="b"><table key="t"><elem>c</elem></table></script></port></ports></host></nmaprun>',
};

test.each(importers.map(({ name }) => name))(
  '%s recognises its own, and no damage to it breaks the reading',
  async (name) => {
    const sample = samples[name]!;
    expect(sniff(Buffer.from(sample), 'test').name).toBe(name);
    const junk = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        '"',
        '{',
        '}',
        '[',
        '<',
        '>',
        '&#0;',
        '\0',
        '\n',
        '-1',
        '0.5',
        '1e-9',
        '1e999',
        'null',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sample.length), fc.nat(8), junk), { minLength: 1, maxLength: 4 }),
        async (edits) => {
          let text = sample;
          for (const [at, cut, put] of edits) text = text.slice(0, at) + put + text.slice(at + cut);
          try {
            for (const chunk of await chunksOf(text, name)) {
              for (const event of chunk.batch.events) scanEvent.parse(event);
            }
          } catch (error) {
            // A file that has nothing of a scan left in it is told about.
            expect(error).toBeInstanceOf(AppError);
            expect(error).toMatchObject({ code: 'INVALID_INPUT' });
          }
        },
      ),
      { numRuns: 300 },
    );
  },
);

test('values of any kind in any field are an error row at most', async () => {
  const names = Object.keys(samples).filter((name) => samples[name]!.startsWith('{'));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.string(),
      fc.jsonValue(),
      async (name, field, value) => {
        const sample = JSON.parse(samples[name]!) as Record<string, unknown>;
        const fields = Object.keys(sample);
        const chosen = fields[field.length % fields.length]!;
        const text = `${samples[name]!}\n${JSON.stringify({ ...sample, [chosen]: value })}\n`;
        for (const chunk of await chunksOf(text, name)) {
          for (const event of chunk.batch.events) scanEvent.parse(event);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
