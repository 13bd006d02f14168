import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/database/driver.ts';
import { portolan } from '../cli.ts';
import { requirement } from '../environment.ts';
import { firstRun, sampleStore, secondRun } from './sample-store.ts';

let folder: string;
let db: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-formats-'));
  db = join(folder, 'store.db');
  await (await sampleStore(db)).close();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function exported(scan: string, format: string): Promise<string> {
  const { status, stdout, stderr } = await portolan(['export', scan, '-f', format, '--db', db]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

const hasTools =
  ['ndiff', 'xsltproc', 'xmllint'].every(isInstalled) && existsSync('/usr/share/nmap/nmap.dtd');

describe.runIf(
  requirement("nmap's own programs", hasTools, 'apt-get install nmap ndiff xsltproc libxml2-utils'),
)('a scan as nmap writes it', () => {
  test("is valid by nmap's own document type", async () => {
    const file = join(folder, 'valid.xml');
    writeFileSync(file, await exported(firstRun, 'nmap'));
    execFileSync('xmllint', ['--noout', '--dtdvalid', '/usr/share/nmap/nmap.dtd', file]);
    expect(readFileSync(file, 'utf8')).toContain('output="SSH-2.0&#xd;&#xa;\\x01é"');
  });

  test('is compared by ndiff, which sees what changed between two scans', async () => {
    const [first, second] = ['a.xml', 'b.xml'].map((name) => join(folder, name));
    writeFileSync(first!, await exported(firstRun, 'nmap'));
    writeFileSync(second!, await exported(secondRun, 'nmap'));
    const { status, stdout } = spawnSync('ndiff', [first!, second!], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/-22\/tcp +open +ssh +OpenSSH 9\.2/);
    expect(stdout).toMatch(/\+22\/tcp +open +ssh +OpenSSH 9\.6/);
    expect(spawnSync('ndiff', [first!, first!]).status).toBe(0);
  });

  test("becomes a page by nmap's style sheet", async () => {
    const file = join(folder, 'page.xml');
    writeFileSync(file, await exported(firstRun, 'nmap'));
    const page = execFileSync('xsltproc', ['/usr/share/nmap/nmap.xsl', file], { encoding: 'utf8' });
    expect(page).toContain('OpenSSH');
    expect(page).toContain('192.0.2.10');
  });
});

/** A host with all that nmap tells beside its ports. */
const ofNmap = `<?xml version="1.0"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -A 192.0.2.1" start="1700000000" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="2" services="22,443"/>
<host starttime="1700000000" endtime="1700000009"><status state="up" reason="syn-ack" reason_ttl="64"/>
<address addr="192.0.2.1" addrtype="ipv4"/>
<hostnames><hostname name="a.example" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/>
<service name="ssh" product="OpenSSH" version="9.2p1" hostname="box" ostype="Linux" method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh:9.2p1</cpe><cpe>cpe:/o:linux:linux_kernel</cpe></service>
<script id="banner" output="SSH-2.0-OpenSSH_9.2p1"/>
<script id="ssh-hostkey" output="&#xa;  256 aa (ED25519)"><table><elem key="bits">256</elem><elem key="type">ssh-ed25519</elem></table><table key="more"><elem>a &amp; b</elem></table></script>
</port></ports>
<os><osmatch name="Linux 5.0 - 5.14" accuracy="98" line="1"><osclass type="general purpose" vendor="Linux" osfamily="Linux" osgen="5.X" accuracy="98"><cpe>cpe:/o:linux:linux_kernel:5</cpe></osclass></osmatch>
<osmatch name="Odd" accuracy="85" line="2"></osmatch></os>
<hostscript><script id="smb2-time" output="x"><elem key="date">2026</elem></script></hostscript>
<trace port="80" proto="tcp"><hop ttl="1" ipaddr="192.0.2.254" rtt="0.52" host="gw.example"/><hop ttl="2" ipaddr="192.0.2.1"/></trace>
</host>
<runstats><finished time="1700000010" timestr="x" elapsed="10" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
`;

test('services, scripts, systems and routes from nmap are exported as imported', async () => {
  const stores = ['one', 'two'].map((name) => join(folder, `${name}.db`));
  const file = join(folder, 'nmap.xml');
  const tables: unknown[] = [];
  writeFileSync(file, ofNmap);
  for (const path of stores) {
    expect((await portolan(['import', file, '--db', path])).status).toBe(0);
    const select = (sql: string): unknown[] => {
      const database = openDatabase(path, { readOnly: true });
      const found = database.prepare(sql).all();
      database.close();
      return found;
    };
    tables.push([
      select('SELECT transport, port, script, output, data FROM script_results ORDER BY 1, 2, 3'),
      select('SELECT place, name, accuracy, family, vendor, generation, cpe FROM os_matches'),
      select('SELECT ttl, address, rtt_ms, hostname FROM trace_hops ORDER BY ttl'),
      select('SELECT product, version, cpe, hostname, os_type FROM services'),
      select('SELECT tool_version FROM scan_jobs'),
      select('SELECT first_seen, last_seen FROM port_scans'),
    ]);
    const { stdout } = await portolan(['export', 'last', '-f', 'nmap', '--db', path]);
    writeFileSync(file, stdout);
    if (hasTools) {
      execFileSync('xmllint', ['--noout', '--dtdvalid', '/usr/share/nmap/nmap.dtd', file]);
    }
  }
  expect(tables[1]).toEqual(tables[0]);
  expect(tables[0]).toMatchObject([{ length: 3 }, { length: 2 }, { length: 2 }, [{}], [{}], [{}]]);
});

test('nmap is a format for one scan', async () => {
  const { status, stderr } = await portolan(['export', '-f', 'nmap', '--db', db]);
  expect([status, stderr]).toEqual([2, expect.stringMatching(/writes one scan/)]);
});

test("shodan has an object an open port, with the names that Shodan's own have", async () => {
  const lines = (await exported(firstRun, 'shodan')).trim().split('\n');
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(objects).toHaveLength(5);
  const ssh = objects.find(({ port }) => port === 22);
  expect(ssh).toMatchObject({
    ip_str: '192.0.2.10',
    ip: 3_221_225_994,
    transport: 'tcp',
    timestamp: '2024-09-10T00:00:00.026000',
    asn: 'AS4200000000',
    product: 'OpenSSH',
    version: '9.2',
    data: 'SSH-2.0\r\n\u0001é',
    _shodan: { module: 'ssh' },
  });
  const https = objects.find(({ port, ip_str: ip }) => port === 443 && ip === '192.0.2.10');
  expect(https).toMatchObject({
    http: { status: 200, server: 'nginx', favicon: { hash: -5 }, components: { nginx: {} } },
    ssl: { versions: ['TLSv1.3'], chain: [expect.stringMatching(/^-----BEGIN/)] },
  });
});
