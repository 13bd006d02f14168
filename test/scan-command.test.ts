import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, portolan } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-scan-'));
const db = join(folder, 'results.db');
const server: Server = createServer((socket) => {
  socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n');
});
let port = 0;

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as { port: number }).port;
});

afterAll(() => server.close());

function scan(...words: string[]): Promise<Outcome> {
  return portolan(['scan', ...words, '--db', db]);
}

describe('portolan scan', () => {
  test('shows what runs on a port, and says what was found where', async () => {
    const { status, stdout, stderr } = await scan('localhost', '-p', `${port},1`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/127\.0\.0\.1 +localhost +\d+ +open +ssh +OpenSSH +9\.2p1/);
    expect(stderr).toMatch(/1 host up of 1, 1 open port[^]*saved to/);
  });

  test('prints rows, events, or host:port lines', async () => {
    const rows = JSON.parse((await scan('127.0.0.1', '-p', `${port}`, '--json')).stdout) as unknown;
    expect(rows).toMatchObject([{ address: '127.0.0.1', port, product: 'OpenSSH' }]);
    const events = (await scan('127.0.0.1', '-p', `${port}`, '--jsonl')).stdout.trim().split('\n');
    expect(events.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      'run.start',
      'scan.host',
      'scan.port',
      'scan.banner',
      'run.unit',
      'run.finish',
    ]);
    const silent = await scan('127.0.0.1', '-p', `${port}`, '--silent');
    expect([silent.stdout, silent.stderr]).toEqual([`127.0.0.1:${port}\n`, '']);
  });

  test('the events of --jsonl import into another store as the same rows', async () => {
    const { stdout } = await scan('127.0.0.1', '-p', `1-20,${port}`, '--jsonl');
    const other = join(folder, 'other.db');
    expect((await portolan(['import', '-', '--db', other], { stdin: stdout })).status).toBe(0);
    const rows = async (path: string): Promise<unknown> =>
      JSON.parse((await portolan(['ports', '--scan', 'last', '--json', '--db', path])).stdout);
    expect(await rows(other)).toEqual(await rows(db));
  });

  test('targets come from files and stdin, also in the spelling of nmap', async () => {
    const list = join(folder, 'targets.txt');
    writeFileSync(list, '127.0.0.1 # this machine\n127.0.0.2\n');
    const words = [
      '-iL',
      list,
      '-Pn',
      '-p',
      `${port}`,
      '-T4',
      '--no-probe',
      '--exclude',
      '127.0.0.2',
    ];
    expect((await scan(...words)).stderr).toContain('1 host up of 1');
    const { stderr } = await portolan(['scan', '-', '-p', `${port}`, '--no-probe', '--db', db], {
      stdin: '127.0.0.1,127.0.0.2',
    });
    expect(stderr).toContain('up of 2');
  });

  test('nmap’s options for what is done in any case are taken', async () => {
    const words = ['-sT', '-sV', '-Pn', '-n', '-F', '-T4', '127.0.0.1', '--dry-run', '--json'];
    const plan = JSON.parse((await scan(...words)).stdout) as object;
    const config = { assume_up: 'all', reverse_dns: false, probe: true };
    expect(plan).toMatchObject({ hosts: 1, probes: 100, config });
  });

  test('an exclusion takes one word, and may be repeated', async () => {
    const exclude = ['--exclude', '127.0.0.2', '--exclude', '127.0.0.3,127.0.0.4'];
    const { stdout } = await scan(...exclude, '127.0.0.1-5', '-p', '1', '--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ targets: ['127.0.0.1', '127.0.0.5'] });
  });

  test('a bad target in a list is named with its file and line', async () => {
    const list = join(folder, 'bad.txt');
    writeFileSync(list, '# ours\n127.0.0.1\n\n127.0.0.2 10.0.0.300\n');
    const { status, stderr } = await scan('-i', list);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`${list}:4: "10.0.0.300"`)]);
    expect((await scan('127.0.0.1', '--excludefile', list)).stderr).toContain(`${list}:4: `);
    const piped = await portolan(['scan', '-', '--db', db], { stdin: 'a..b' });
    expect(piped.stderr).toContain('standard input:1: "a..b"');
  });

  test('keeps the whole command line, without a password', async () => {
    const own = join(folder, 'args.db');
    const words = ['scan', '127.0.0.1', '-p', '1,2', '--no-probe', '--retries', '0', '--db', own];
    await portolan(words);
    const shown = await portolan(['show', 'last', '--db', own]);
    expect(shown.stdout.replaceAll(/ +/g, ' ')).toContain(`Command portolan ${words.join(' ')}\n`);
    const { stdout } = await portolan(['show', 'last', '--json', '--db', own]);
    expect(JSON.parse(stdout)).toMatchObject({ args: words });
    const secret = ['scan', '127.0.0.1', '-p', '1', '--db', own, '--seed', 'x://me:p@ss@host'];
    await portolan(secret);
    expect((await portolan(['show', 'last', '--db', own])).stdout).toContain("'x://me:***@host'");
  });

  test('finding nothing says what was tried, and where to see something', async () => {
    const { status, stderr } = await scan('127.0.0.1', '-p', '1-3');
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /No open port on 127\.0\.0\.1: 3 connects to ports 1-3[^]*portolan demo/,
    );
  });

  test('a dry run scans nothing, whatever the size', async () => {
    const none = join(folder, 'none.db');
    const words = ['scan', '10.0.0.0/8', '--top-ports', '1000', '--dry-run', '--db', none];
    const { stdout } = await portolan(words);
    expect(stdout).toMatch(/16,777,216 hosts[^]*16,777,216,000/);
    expect(() => new DatabaseSync(none, { readOnly: true })).toThrow();
  });

  test.each([
    [['8.8.8.0/24'], 2, /public addresses[^]*--yes/],
    [['10.0.0.0/8'], 2, /more than a \/16[^]*--dry-run/],
    [['224.0.0.1'], 2, /never scanned/],
    [['010.0.0.1'], 2, /octal/],
    [['127.0.0.1', '-p', '0'], 2, /1 to 65535/],
    [['127.0.0.1', '--shard', '1/2'], 2, /--seed/],
    [['127.0.0.1', '--exclude', '127.0.0.1'], 2, /leave nothing/],
    [['no-such-name.invalid'], 68, /does not resolve/],
    [[], 2, /no targets/],
    [['-iL', '/nowhere.txt'], 66, /nowhere\.txt/],
    [['127.0.0.1', '-T9'], 2, /0 to 5/],
    [['127.0.0.1', '--retries', '999999999'], 2, /0 to 20/],
    [['127.0.0.1', '--parallelism', '1000000000'], 2, /1 to 100000/],
    [['127.0.0.1', '--record', 'x'], 2, /open, all/],
    [['http://www.example.com:8080/a?b'], 2, /is a URL: name its host, www\.example\.com -p 8080/],
    [['https://me:x@[::1]/'], 2, /name its host, \[::1\]\n/],
    [['127.0.0.1', '--silent', '--json'], 2, /cannot be used with/],
    [['127.0.0.1', '--jsonl', '--silent'], 2, /cannot be used with/],
    [['127.0.0.1', '-sS'], 2, /-sS is an option of nmap: [^]*leave -sS out/],
    [['127.0.0.1', '-A'], 2, /leave -A out/],
    [['127.0.0.1', '-O'], 2, /leave -O out/],
    [['127.0.0.1', '-oX', 'a.xml'], 2, /--jsonl or --json with -o FILE/],
    [['127.0.0.1', '-sU'], 2, /-p U:53/],
    [['10.0.0.0/24', '-sn'], 2, /portolan discover/],
  ])('%j ends with status %i and says why', async (words, status, message) => {
    const outcome = await scan(...words);
    expect([outcome.status, outcome.stderr]).toEqual([status, expect.stringMatching(message)]);
  });

  test('the store agrees with any SQLite shell that attaches it', async () => {
    const fresh = join(folder, 'fresh.db');
    await portolan(['scan', '127.0.0.1', '-p', `${port},1-50`, '--no-probe', '--db', fresh]);
    using shell = new DatabaseSync(':memory:');
    shell.exec(`ATTACH '${fresh}' AS r`);
    const query = "SELECT COUNT(*) AS open FROM r.ports WHERE state='open'";
    expect({ ...shell.prepare(query).get() }).toEqual({ open: 1 });
  });
});

test('a scan that asks nothing leaves the title of a page where it was', async () => {
  const web = createHttpServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<title>Chart room</title>');
  });
  await once(web.listen(0, '127.0.0.1'), 'listening');
  const number = String((web.address() as { port: number }).port);
  const own = join(folder, 'title.db');
  const ports = async (): Promise<unknown> =>
    JSON.parse((await portolan(['ports', '--json', '--db', own])).stdout);
  await portolan(['scan', '127.0.0.1', '-p', number, '--db', own]);
  expect(await ports()).toMatchObject([{ service: 'http', title: 'Chart room' }]);
  await portolan(['scan', '127.0.0.1', '-p', number, '--no-probe', '--db', own]);
  expect(await ports()).toMatchObject([{ service: 'http', title: 'Chart room' }]);
  web.close();
});

test('a list that a filter left empty does not say that there is nothing', async () => {
  const own = join(folder, 'filter.db');
  await portolan(['scan', '127.0.0.1', '-p', `${port}`, '--no-probe', '--db', own]);
  const said = async (...words: string[]): Promise<string> =>
    (await portolan([...words, '--db', own])).stderr;
  expect(await said('ports', '--service', 'gopher')).toBe(
    'Nothing matches. To see all of them: portolan ports\n',
  );
  expect(await said('hosts', '192.0.2.1')).toContain('portolan hosts');
  expect(await said('web', '--scan', 'last')).toContain('portolan web');
  expect(await said('web')).toContain('No web pages');
});

test('discover prints the hosts that are up', async () => {
  const words = ['discover', '127.0.0.1-3', '--no-ping', '--silent', '--db', db];
  expect((await portolan(words)).stdout.trim().split('\n').toSorted()).toEqual([
    '127.0.0.1',
    '127.0.0.2',
    '127.0.0.3',
  ]);
});

test('the demo shows ports, pages and a certificate, and what to do next', async () => {
  const { status, stdout } = await portolan(['demo', '--db', join(folder, 'demo.db')]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/OpenSSH[^]*Chart room[^]*CN=localhost[^]*portolan scan localhost/);
});
