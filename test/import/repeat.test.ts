import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ImportSource, readImport } from '../../src/import/read-import.ts';
import { type ImportResult, recordImport } from '../../src/record/import-recorder.ts';
import type { Store } from '../../src/store/store.ts';
import { everyJobId, storedEvents } from '../../src/store/export/events.ts';
import { portolan } from '../cli.ts';
import { type StoreKind, storeKinds, type TestStore } from '../store/stores.ts';

let folder: string;
let opened: TestStore;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-repeat-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const nmap = `<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -sV 192.0.2.0/24" start="1700000000" version="7.93">
<scaninfo type="syn" protocol="tcp" numservices="3" services="22,80,443"/>
<host starttime="1700000001" endtime="1700000009"><status state="up" reason="echo-reply"/>
<address addr="192.0.2.1" addrtype="ipv4"/><address addr="AA:BB:CC:00:11:22" addrtype="mac" vendor="V"/>
<hostnames><hostname name="a.example" type="PTR"/></hostnames>
<ports><extraports state="closed" count="1"><extrareasons reason="reset" count="1" proto="tcp" ports="80"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/><service name="ssh" product="OpenSSH" version="9" ostype="Linux" devicetype="router" hostname="h" method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh:9</cpe></service><script id="banner" output="x&#xa;y"><table key="t"><elem key="k">v</elem></table></script></port>
<port protocol="tcp" portid="443"><state state="open|filtered" reason="no-response"/></port></ports>
<os><osmatch name="Linux 6" accuracy="98"><osclass type="general purpose" vendor="Linux" osfamily="Linux" osgen="6.X" accuracy="98"><cpe>cpe:/o:linux:linux_kernel:6</cpe></osclass></osmatch></os>
<hostscript><script id="uptime" output="1 day"/></hostscript>
<trace><hop ttl="1" ipaddr="192.0.2.254" rtt="0.10" host="gw"/><hop ttl="2" ipaddr="192.0.2.1" rtt="--"/></trace></host>
<runstats><finished time="1700000010" elapsed="10" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>`;

/** Every format, each with a time of its own, and two without. */
const files: Readonly<Record<string, string>> = {
  'nmap.xml': nmap,
  'masscan.json':
    '[\n{"ip":"192.0.2.2","timestamp":"1700000000","ports":[{"port":1,"proto":"tcp","status":"open","reason":"syn-ack"}]}\n]\n',
  'masscan.list': '#masscan\nopen tcp 443 192.0.2.3 1700000000\n# end\n',
  'masscan.ndjson':
    '{"ip":"192.0.2.4","timestamp":"1700000000","port":1,"proto":"tcp","rec_type":"banner","data":{"service_name":"x","banner":"y"}}\n',
  'naabu.json':
    '{"host":"n.example","ip":"192.0.2.5","port":1,"timestamp":"2026-01-01T00:00:00Z"}\n',
  'naabu-untimed.json': '{"ip":"192.0.2.6","port":1}\n{"ip":"192.0.2.6","port":2}\n',
  'httpx.json':
    '{"timestamp":"2026-01-01T00:00:00Z","url":"https://x.example","host_ip":"192.0.2.7","status_code":200,"title":"T","tech":["a"],"asn":{"as_number":"AS1"}}\n',
  'zgrab2.json':
    '{"ip":"192.0.2.8","data":{"ssh":{"status":"success","port":22,"timestamp":"2026-01-01T00:00:00Z","result":{"banner":"b"}}}}\n',
  'nuclei.jsonl':
    '{"template-id":"r","info":{"name":"n","severity":"high","tags":["t"],"classification":{"cve-id":["cve-2020-1"],"cvss-score":7.5}},"matched-at":"http://192.0.2.9/","ip":"192.0.2.9","timestamp":"2026-01-01T00:00:00Z"}\n' +
    '{"template-id":"dns","info":{"name":"d","severity":"info"},"host":"d.example","matched-at":"d.example","timestamp":"2026-01-01T00:00:01Z"}\n',
  'aggregate.jsonl': '{"ip":"192.0.2.10","ts":1725900000,"open":[22]}\n',
  'list.csv': 'address,port,transport,state,service\n192.0.2.11,80,tcp,open,http\n',
  'v1.jsonl':
    '{"type":"scan.port","run_id":"018f...","addr":"192.0.2.10","transport":"tcp","port":443,"state":"open","reason":"syn-ack","t_first":1725900000101,"t_last":1725900000126}\n',
};

function importFrom(source: ImportSource): Promise<ImportResult> {
  return recordImport(store, readImport(source));
}

const incidental = new Set(['id', 'last_job_id', 'requested_at', 'heartbeat_at']);
const tables = (
  'scan_jobs scan_units scan_errors hosts host_ports host_scans port_scans services banner_scans ' +
  'tls_scans http_scans certificates findings script_results os_matches trace_hops'
).split(' ');

/** Every table that says something of scans, keys as the names that they stand for. */
async function everything(uuid: StoreKind['uuid']): Promise<unknown> {
  const { rows } = opened;
  const names = async (table: string): Promise<Map<unknown, unknown>> =>
    new Map(
      (await rows(`SELECT id, ${uuid} AS name FROM ${table}`)).map(({ id, name }) => [id, name]),
    );
  const keys = new Map([
    ['job_id', await names('scan_jobs')],
    ['host_id', await names('hosts')],
  ]);
  const named = (row: Record<string, unknown>): string =>
    JSON.stringify(
      Object.entries(row)
        .filter(([column]) => !incidental.has(column) && !column.startsWith('worker_'))
        .map(([column, value]) => [column, keys.get(column)?.get(value) ?? value]),
    );
  return Promise.all(
    tables.map(async (table) => [
      table,
      (await rows(`SELECT * FROM ${table}`)).map(named).toSorted(),
    ]),
  );
}

describe.each(storeKinds)('on $name', ({ uuid, newStore }) => {
  beforeEach(async () => {
    opened = await newStore();
    store = opened.store;
  });

  afterEach(() => opened[Symbol.asyncDispose]());

  test('every format again, from stdin, compressed and under another name, changes nothing', async () => {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      const result = await importFrom({ path: join(folder, name) });
      expect([name, result.badLines, result.jobs.length]).toEqual([name, 0, 1]);
      expect(result.jobs[0]).toMatchObject({ status: 'completed', is_partial: false });
    }
    const before = await everything(uuid);
    for (const [name, text] of Object.entries(files)) {
      const packed = join(folder, `${name}.copy.gz`);
      writeFileSync(packed, gzipSync(text));
      await importFrom({ path: packed });
      await importFrom({ stream: Readable.from([Buffer.from(text)]), name: 'standard input' });
      expect([name, await everything(uuid)]).toEqual([name, before]);
    }
  });

  test('what was imported comes out of an export as it went in', async () => {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      await importFrom({ path: join(folder, name) });
    }
    const exported = await Array.fromAsync(
      storedEvents(store.database, everyJobId(store.database)),
    );
    const types = new Set(exported.map(({ type }) => type));
    for (const type of ['scan.finding', 'scan.script', 'scan.os', 'scan.trace'] as const) {
      expect(types).toContain(type);
    }
    const before = await everything(uuid);
    await opened[Symbol.asyncDispose]();
    opened = await newStore();
    store = opened.store;
    const path = join(folder, 'exported.jsonl');
    writeFileSync(path, exported.map((event) => `${JSON.stringify(event)}\n`).join(''));
    await importFrom({ path });
    expect(await everything(uuid)).toEqual(before);
  });

  test('a bad line makes its scan partial, and the mended file makes it whole', async () => {
    const path = join(folder, 'a.list');
    const [good, other] = ['open tcp 443 192.0.2.3 1700000000', 'open tcp 80 192.0.2.3 1700000001'];
    writeFileSync(path, `${good}\nopen tcp 80 nowhere\n# end\n`);
    const { jobs } = await importFrom({ path });
    expect(jobs).toMatchObject([{ is_partial: true, error_count: 1, ports_open: 1 }]);
    writeFileSync(path, `${good}\n${other}\n# end\n`);
    expect((await importFrom({ path })).jobs).toMatchObject([{ is_partial: false, ports_open: 2 }]);
  });

  test('the commands show what came in', async () => {
    const db = ['--db', opened.db];
    for (const name of ['nmap.xml', 'nuclei.jsonl'])
      writeFileSync(join(folder, name), files[name]!);
    const paths = ['nmap.xml', 'nuclei.jsonl'].map((name) => join(folder, name));
    const imported = await portolan(['import', ...paths, ...db]);
    expect(imported).toMatchObject({ status: 0 });
    const findings = await portolan(['findings', '--json', ...db]);
    expect(JSON.parse(findings.stdout)).toMatchObject([
      { severity: 'high', rule: 'r', address: '192.0.2.9', cve: ['CVE-2020-1'], cvss: 7.5 },
      { severity: 'info', rule: 'dns', address: null },
    ]);
    const severe = await portolan(['findings', '--severity', 'medium', '--csv', ...db]);
    expect(severe.stdout.trim().split('\n')).toHaveLength(2);
    const byCve = await portolan([
      'findings',
      '192.0.2.0/24',
      '--cve',
      'cve-2020-1',
      '--jsonl',
      ...db,
    ]);
    expect(byCve.stdout.trim().split('\n')).toHaveLength(1);
    const paged = await portolan(['findings', '--limit', '1', '--json', ...db]);
    expect(JSON.parse(paged.stdout)).toHaveLength(1);
    const host = await portolan(['host', '192.0.2.1', '--json', ...db]);
    expect(JSON.parse(host.stdout)).toMatchObject({
      os_matches: [{ name: 'Linux 6', accuracy: 0.98 }],
      hops: [{ ttl: 1, hostname: 'gw' }, { ttl: 2 }],
      scripts: [
        { port: null, script: 'uptime' },
        { port: 22, script: 'banner', data: { t: { k: 'v' } } },
      ],
    });
    const text = await portolan(['host', '192.0.2.1', ...db]);
    expect(text.stdout).toContain('System  Linux 6 (98%)');
    expect(text.stdout).toMatch(/22\/tcp +banner:\n {2}x\n {2}y/);
  });
});

test('--format takes a file for what the user says, and lists the formats where it is none', async () => {
  const path = join(folder, 'unclear.txt');
  writeFileSync(path, '# nothing yet\nopen tcp 443 192.0.2.3 1700000000\n');
  const db = ['--db', join(folder, 'cli.db')];
  expect((await portolan(['import', path, '--format', 'masscan-list', ...db])).status).toBe(0);
  const wrong = await portolan(['import', path, '--format', 'nessus', ...db]);
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain('nmap-xml, masscan-json');
  const help = await portolan(['import', '--help']);
  const { importers } = await import('../../src/import/importers.ts');
  for (const { name } of importers) expect(help.stdout).toMatch(new RegExp(`\\b${name}\\b`));
});
