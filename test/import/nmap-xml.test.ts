import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalAddress } from '../../src/core/address.ts';
import type { ImportChunk } from '../../src/core/event-batch.ts';
import type { ScanEvent } from '../../src/core/events.ts';
import { portStates, reasons, transports } from '../../src/core/states.ts';
import { readHere, readImport } from '../../src/import/read-import.ts';
import { openDatabase } from '../../src/database/driver.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { recordImport } from '../../src/record/import-recorder.ts';
import { requirement } from '../environment.ts';
import { canMakeNamespaces, connect, type Namespace, newNamespace } from '../network/namespace.ts';
import { all, below, type Element, parseDocument } from './dom.ts';

/** Runs of the real nmap, each for a second or two; what they have in common stands below. */
const runs: Readonly<Record<string, readonly string[]>> = {
  'TCP and UDP together': ['-sS', '-sU', '-p', 'T:20-30,80,U:53-56', '10.9.0.1-3'],
  'versions, system, route':
    '-sV --version-light -O --osscan-guess --max-os-tries 1 --traceroute -p 22,80,81 10.9.0.1'.split(
      ' ',
    ),
  scripts: [
    '-sS',
    '-p',
    '22,80',
    '--script',
    'http-title,http-headers,http-methods,ipidseq',
    '10.9.0.2',
  ],
  IPv6: ['-6', '-sT', '-p', '22,79-81', 'fd09::1', 'fd09::2'],
  'hosts that are down': ['-sn', '-v', '10.9.0.1', '10.10.0.9'],
  'dropped and rejected ports': ['-sS', '-Pn', '-p', '80,1000-1009', '10.9.0.1'],
  'datagrams that nobody answers': ['-sU', '-Pn', '-p', '53,1005,9998', '10.9.0.1'],
  'many ports, few shown': ['-sT', '-p', '1-3000', '10.9.0.1'],
  'protocols without a table': ['-sO', '-p', '1,6,17,99', '10.9.0.1'],
};
const shared = ['-n', '--max-retries', '1', '--min-rate', '500'];

const server = `
  import http from 'node:http';
  import net from 'node:net';
  import dgram from 'node:dgram';
  http.createServer((request, response) => {
    response.setHeader('Server', 'nginx/1.22.1');
    response.end('<title>A & <b> "C"</title>');
  }).listen(80, '::');
  net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n');
  }).listen(22, '::');
  const udp = dgram.createSocket('udp6');
  udp.on('message', (message, from) => udp.send(message, from.port, from.address));
  udp.bind(53, '::', () => console.log('ready'));`;

const canRun =
  canMakeNamespaces() &&
  requirement(
    'a second reader of XML',
    spawnSync('xmllint', ['--version']).status === 0,
    'apt-get install libxml2-utils',
  );

describe.runIf(canRun)("nmap's XML", () => {
  let namespace: Namespace;
  let servers: Namespace;
  const folder = mkdtempSync(join(tmpdir(), 'portolan-nmap-xml-'));
  const files = new Map<string, string>();

  beforeAll(async () => {
    // The scanner's network and the servers': between them, 10.10.0.0/24, where 10.10.0.9 is nobody.
    namespace = newNamespace([]);
    servers = newNamespace(['10.9.0.0/22', 'fd09::/112']);
    connect(namespace, servers, ['10.9.0.0/22', 'fd09::/112']);
    const child = servers.start(process.execPath, ['--input-type=module', '-e', server]);
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    servers.filter([
      'tcp dport 1005 drop',
      'tcp dport 1006 reject with icmp type host-unreachable',
      'tcp dport 1007 reject with icmp type admin-prohibited',
      'udp dport 9998 drop',
      'udp dport 1005 reject with icmp type net-unreachable',
    ]);
    for (const [name, words] of Object.entries(runs)) {
      const path = join(folder, `${name}.xml`);
      namespace.run('nmap', [...shared, ...words, '-oX', path]);
      files.set(name, path);
    }
  });

  afterAll(() => {
    namespace?.[Symbol.dispose]();
    servers?.[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  test.each(Object.keys(runs))('%s: every field is what another reading finds', async (name) => {
    const xml = readFileSync(files.get(name)!, 'utf8');
    const document = parseDocument(xml);
    const chunks = await Array.fromAsync(readHere({ path: files.get(name)! }));
    const found = observed(chunks);
    expect(found).toEqual(expected(document));
    expect(chunks.at(-1)).toMatchObject({ badLines: 0, isTruncated: false });
    expect(found.hosts.length).toBeGreaterThan(0);
  });

  test('the runs show what they are to show', () => {
    const documents = new Map([...files].map(([name, path]) => [name, read(path)]));
    const states = (name: string): string[] =>
      all(documents.get(name)!, 'state').map(({ at }) => at['state']!);
    expect(states('datagrams that nobody answers')).toContain('open|filtered');
    expect(states('dropped and rejected ports')).toContain('filtered');
    expect(
      all(documents.get('hosts that are down')!, 'status').map(({ at }) => at['state']),
    ).toContain('down');
    expect(all(documents.get('versions, system, route')!, 'osmatch').length).toBeGreaterThan(0);
    expect(all(documents.get('versions, system, route')!, 'hop').length).toBeGreaterThan(0);
    expect(all(documents.get('scripts')!, 'script').length).toBeGreaterThan(2);
    expect(all(documents.get('IPv6')!, 'address')[0]?.at['addrtype']).toBe('ipv6');
    expect(all(documents.get('many ports, few shown')!, 'extraports').length).toBe(1);
  });

  test('truncated anywhere, no complete host is lost', async () => {
    const name = 'TCP and UDP together';
    const xml = readFileSync(files.get(name)!);
    const whole = observed(await Array.fromAsync(readHere({ path: files.get(name)! })));
    const ends = [...xml.toString().matchAll(/<\/host>/g)].map(({ index }) => index + 7);
    const start = xml.indexOf('<scaninfo');
    for (let size = start + 200; size < xml.length - 20; size += 1000) {
      const path = join(folder, 'cut.xml');
      writeFileSync(path, xml.subarray(0, size));
      const chunks = await Array.fromAsync(readHere({ path }));
      const complete = ends.filter((end) => end <= size).length;
      const { hosts, ports } = observed(chunks);
      expect(hosts.slice(0, complete)).toEqual(whole.hosts.slice(0, complete));
      const addresses = new Set(whole.hosts.slice(0, complete).map(({ addr }) => addr));
      const kept = ports.filter(({ addr }) => addresses.has(addr));
      expect(kept).toEqual(whole.ports.filter(({ addr }) => addresses.has(addr)));
      expect(chunks.at(-1)).toMatchObject({ isTruncated: true, badLines: expect.any(Number) });
      expect(chunks.at(-1)!.runId).toBe(whole.runId);
    }
  });

  test('damaged in the middle, the rest is read and the places are reported', async () => {
    const xml = readFileSync(files.get('TCP and UDP together')!, 'utf8');
    const second = xml.indexOf('<host ', xml.indexOf('</host>'));
    const path = join(folder, 'damaged.xml');
    writeFileSync(path, `${xml.slice(0, second)}& \u0001 <broken<${xml.slice(second)}`);
    const chunks = await Array.fromAsync(readHere({ path }));
    const { hosts } = observed(chunks);
    expect(hosts.map(({ addr }) => addr)).toEqual(expect.arrayContaining(['10.9.0.1', '10.9.0.3']));
    const faults = chunks.flatMap(({ batch }) =>
      batch.events.filter((event) => event.type === 'run.error'),
    );
    expect(faults[0]).toMatchObject({
      code: 'INVALID_XML',
      scope: expect.stringMatching(/^offset:/),
    });
  });

  test('a damaged address is reported too, and the other hosts are read', async () => {
    const xml = readFileSync(files.get('TCP and UDP together')!, 'latin1');
    const path = join(folder, 'address.xml');
    writeFileSync(path, xml.replaceAll('addr="10.9.0.1"', 'addr="10.9.0.\xff"'), 'latin1');
    const chunks = await Array.fromAsync(readHere({ path }));
    const { hosts } = observed(chunks);
    expect(hosts.map(({ addr }) => addr)).toContain('10.9.0.3');
    expect(chunks.at(-1)?.badLines).toBe(1);
    const faults = chunks.flatMap(({ batch }) =>
      batch.events.filter((event) => event.type === 'run.error'),
    );
    expect(faults).toMatchObject([
      { code: 'INVALID_XML', message: expect.stringContaining('10.9.0.\ufffd" is not an address') },
    ]);
  });

  test('killed in the middle, what nmap reported is kept, and the run is partial', async () => {
    const path = join(folder, 'killed.xml');
    const words = ['-sT', '-n', '-p', '1-200', '--max-hostgroup', '1', '--scan-delay', '2ms'];
    const child = namespace.start('nmap', [...words, '10.9.1.0/24', '-oX', path]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!fileHas(path, '</host>')) await sleep(20);
    child.kill('SIGKILL');
    await ended;
    await using store = await openSqliteStore(join(folder, 'killed.db'), { create: true });
    const { jobs } = await recordImport(store, readImport({ path }));
    const complete = readFileSync(path, 'utf8').match(/<\/host>/g)!.length;
    expect(jobs).toMatchObject([{ is_partial: true, scan_type: 'nmap-xml' }]);
    expect(jobs[0]!.host_count).toBeGreaterThanOrEqual(complete);
  });

  test('what a run looked at becomes closed or down; what it did not, stays', async () => {
    const location = join(folder, 'coverage.db');
    await using store = await openSqliteStore(location, { create: true });
    const old = { run_id: 'old', transport: 'tcp', state: 'open', t_first: 1000, t_last: 1000 };
    const lines = [
      ...[80, 2500, 4000].map((port) => ({ ...old, type: 'scan.port', addr: '10.9.0.1', port })),
      { ...old, type: 'scan.port', addr: '10.9.0.1', transport: 'udp', port: 161 },
      { ...old, type: 'scan.port', addr: '10.9.0.77', port: 2500 },
    ];
    const path = join(folder, 'old.jsonl');
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await recordImport(store, readImport({ path }));
    await recordImport(store, readImport({ path: files.get('many ports, few shown')! }));
    await recordImport(store, readImport({ path: files.get('hosts that are down')! }));
    using db = openDatabase(location, { readOnly: true });
    const states = db.prepare(
      `SELECT address, transport, port, state FROM host_ports JOIN hosts ON hosts.id = host_id
       WHERE port IN (80, 161, 2500, 4000) ORDER BY address, transport, port`,
    );
    expect(states.all().map((row) => Object.values(row).join(' '))).toEqual([
      '10.9.0.1 tcp 80 open',
      '10.9.0.1 tcp 2500 closed',
      '10.9.0.1 tcp 4000 open',
      '10.9.0.1 udp 161 open',
      '10.9.0.77 tcp 2500 open',
    ]);
    const down = db.prepare("SELECT address FROM hosts WHERE status = 'down'").all();
    expect(down.map((row) => row['address'])).toEqual(['10.10.0.9']);
  });

  test('several documents in one file are several runs', async () => {
    const path = join(folder, 'appended.xml');
    const two = ['scripts', 'IPv6'].map((name) => readFileSync(files.get(name)!, 'utf8'));
    writeFileSync(path, two.join('\n'));
    const chunks = await Array.fromAsync(readHere({ path }));
    expect(new Set(chunks.map(({ runId }) => runId)).size).toBe(2);
    expect(chunks.at(-1)).toMatchObject({ isTruncated: false, badLines: 0 });
  });

  test("xmllint's spelling of the same document is the same run", async () => {
    const path = join(folder, 'formatted.xml');
    const formatted = execFileSync('xmllint', ['--format', files.get('scripts')!]);
    writeFileSync(path, formatted);
    const [first] = await Array.fromAsync(readHere({ path }));
    const [whole] = await Array.fromAsync(readHere({ path: files.get('scripts')! }));
    expect(first!.runId).toBe(whole!.runId);
  });
});

function read(path: string): Element {
  return parseDocument(readFileSync(path, 'utf8'));
}

function fileHas(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes(text);
  } catch {
    return false;
  }
}

type Fields = Readonly<Record<string, unknown>>;

interface Facts {
  readonly runId?: string;
  readonly hosts: readonly Fields[];
  readonly ports: readonly Fields[];
  readonly scripts: readonly Fields[];
  readonly systems: readonly Fields[];
  readonly hops: readonly Fields[];
}

/** What the importer found, in the words of nmap. */
function observed(chunks: readonly ImportChunk[]): Facts {
  const events = chunks.flatMap(({ batch }) => batch.events as readonly ScanEvent[]);
  const of = <T extends ScanEvent['type']>(type: T): Extract<ScanEvent, { type: T }>[] =>
    events.filter((event) => event.type === type) as Extract<ScanEvent, { type: T }>[];
  return {
    runId: chunks[0]!.runId,
    hosts: of('scan.host').map(({ type: _type, run_id: _run, ...host }) => host),
    ports: chunks.flatMap((chunk) => portsOf(chunk)),
    scripts: of('scan.script').map(({ type: _type, run_id: _run, data: _data, ...rest }) => rest),
    systems: of('scan.os').flatMap(({ addr, matches }) =>
      matches.map((match) => ({ addr, ...match })),
    ),
    hops: of('scan.trace').flatMap(({ addr: of_, hops }) =>
      hops.map((hop) => ({ of: of_, ...hop })),
    ),
  };
}

function portsOf({ batch: { ports: p } }: ImportChunk): Fields[] {
  return Array.from({ length: p.length }, (_, i) => ({
    addr: p.addresses[p.address[i]!],
    transport: transports[p.transport[i]!],
    port: p.port[i],
    state: portStates[p.state[i]!],
    reason: reasons[p.reason[i]!],
    service: p.services[p.service[i]!],
    first: p.first[i],
    last: p.last[i],
  }));
}

/** What stands in the document, by a reading of its own. */
function expected(document: Element): Facts {
  const hosts = below(document, 'host');
  const { args } = document.at;
  expect(args).toContain('nmap');
  return {
    runId: expect.stringMatching(/^nmap-[0-9a-f]{20}$/) as string,
    hosts: hosts.map(hostFields),
    ports: hosts.flatMap((host) =>
      all(host, 'port')
        .filter(({ at }) => at['protocol'] !== 'ip')
        .map((port) => portFields(host, port)),
    ),
    scripts: hosts.flatMap((host) => [
      ...all(host, 'port').flatMap((port) =>
        below(port, 'script').map(({ at }) => ({
          addr: addressOf(host),
          transport: port.at['protocol'],
          port: Number(port.at['portid']),
          script: at['id'],
          output: at['output'],
          t: timeOf(host, 'endtime'),
        })),
      ),
      ...below(below(host, 'hostscript')[0], 'script').map(({ at }) => ({
        addr: addressOf(host),
        script: at['id'],
        output: at['output'],
        t: timeOf(host, 'endtime'),
      })),
    ]),
    systems: hosts.flatMap((host) =>
      all(host, 'osmatch').map((match) => systemFields(host, match)),
    ),
    hops: hosts.flatMap((host) =>
      all(host, 'hop').map(({ at }) =>
        known({
          of: addressOf(host),
          ttl: Number(at['ttl']),
          addr: at['ipaddr'],
          rtt_ms: at['rtt'] === undefined ? undefined : Number(at['rtt']),
          hostname: at['host'],
        }),
      ),
    ),
  };
}

function addressOf(host: Element): string {
  return canonicalAddress(
    below(host, 'address').find(({ at }) => at['addrtype'] !== 'mac')!.at['addr']!,
  );
}

/** nmap leaves the times away for hosts that it only asked whether they are up. */
function timeOf(host: Element, name: 'starttime' | 'endtime'): unknown {
  const time = host.at[name];
  return time === undefined ? expect.any(Number) : Number(time) * 1000;
}

function hostFields(host: Element): Fields {
  const [status] = below(host, 'status');
  const mac = below(host, 'address').find(({ at }) => at['addrtype'] === 'mac');
  const groups = all(host, 'extraports').flatMap((extra) =>
    below(extra, 'extrareasons')
      .filter(({ at }) => at['proto'] !== 'ip')
      .map(({ at }) => ({
        transport: at['proto'],
        state: extra.at['state'],
        reason: at['reason'],
        count: Number(at['count']),
      })),
  );
  return known({
    addr: addressOf(host),
    state: status!.at['state'],
    reason: status!.at['reason'],
    hostname: all(host, 'hostname')[0]?.at['name'],
    mac: mac?.at['addr']?.toLowerCase(),
    vendor: mac?.at['vendor'],
    os_family: all(below(host, 'os')[0] ?? host, 'osclass')[0]?.at['osfamily'],
    not_shown: groups.length > 0 ? groups : undefined,
    t: timeOf(host, 'endtime'),
  });
}

function portFields(host: Element, port: Element): Fields {
  const [state] = below(port, 'state');
  const [service] = below(port, 'service');
  return {
    addr: addressOf(host),
    transport: port.at['protocol'],
    port: Number(port.at['portid']),
    state: state!.at['state'],
    reason: state!.at['reason'],
    service:
      service &&
      known({
        name: service.at['name'],
        product: service.at['product'],
        version: service.at['version'],
        extra_info: service.at['extrainfo'],
        hostname: service.at['hostname'],
        os_type: service.at['ostype'],
        device_type: service.at['devicetype'],
        cpe:
          below(service, 'cpe')
            .map(({ text }) => text)
            .join(' ') || undefined,
        confidence: Number(service.at['conf']) / 10,
        method: service.at['method'] === 'table' ? 'port' : service.at['method'],
      }),
    first: timeOf(host, 'starttime'),
    last: timeOf(host, 'endtime'),
  };
}

function systemFields(host: Element, match: Element): Fields {
  const classes = below(match, 'osclass');
  const cpes = classes.flatMap((each) => below(each, 'cpe')).map(({ text }) => text);
  return known({
    addr: addressOf(host),
    name: match.at['name'],
    accuracy: Number(match.at['accuracy']) / 100,
    family: classes[0]?.at['osfamily'],
    vendor: classes[0]?.at['vendor'],
    generation: classes[0]?.at['osgen'],
    device_type: classes[0]?.at['type'],
    cpe: [...new Set(cpes)].join(' ') || undefined,
  });
}

function known(fields: Record<string, unknown>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
