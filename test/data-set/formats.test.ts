import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
