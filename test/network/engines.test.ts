import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portolan } from '../cli.ts';
import { requirement } from '../environment.ts';
import { startPortolan } from '../process.ts';
import { canMakeNamespaces, connect, type Namespace, newNamespace } from './namespace.ts';
import { listenInside } from './scan-process.ts';

const canRun =
  canMakeNamespaces() &&
  requirement(
    'masscan',
    spawnSync('masscan', ['--version']).error === undefined,
    'apt-get install masscan',
  );

interface Row {
  readonly address: string;
  readonly transport: string;
  readonly port: number;
  readonly state: string;
  readonly service: string | null;
}

describe.runIf(canRun)("another scanner's program", () => {
  let scanner: Namespace;
  let servers: Namespace;
  const folder = mkdtempSync(join(tmpdir(), 'portolan-engines-'));
  let stores = 0;

  beforeAll(async () => {
    scanner = newNamespace([]);
    servers = newNamespace(['10.9.0.0/22', 'fd09::/112']);
    connect(scanner, servers, ['10.9.0.0/22', 'fd09::/112']);
    await listenInside(servers, '21-25,80,443,8080', '53,123');
    servers.filter(['tcp dport 30-39 drop']);
  });

  afterAll(() => {
    scanner?.[Symbol.dispose]();
    servers?.[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  function newStore(): string {
    return join(folder, `${(stores += 1)}.db`);
  }

  const inside = (): readonly string[] => ['ip', 'netns', 'exec', scanner.name];

  async function scan(db: string, words: readonly string[]) {
    const argv = ['scan', ...words, '-n', '--db', db];
    const { status, stderr } = await startPortolan(argv, { before: inside() }).ended;
    const [job] = JSON.parse((await portolan(['scans', '--json', '--db', db])).stdout) as Row[];
    return {
      status,
      stderr,
      job: job as unknown as Record<string, unknown>,
      rows: await ports(db),
    };
  }

  async function ports(db: string): Promise<Row[]> {
    return JSON.parse((await portolan(['ports', '--json', '--db', db])).stdout) as Row[];
  }

  const openOf = (rows: readonly Row[]): string[] =>
    rows
      .filter(({ state }) => state === 'open')
      .map(({ address, transport, port }) => `${address} ${transport} ${port}`);

  const nmap = (args: string, ...words: string[]): string[] => [
    ...words,
    '--engine',
    'nmap',
    '--nmap-args',
    args,
  ];
  const fast = '-sS --min-rate 2000 --max-retries 1';

  test('nmap and the own engine find the same open ports, of both families', async () => {
    const targets = ['10.9.0.1-10.9.0.3', 'fd09::1', '-p', '1-500,8080'];
    const theirs = await scan(newStore(), nmap(fast, ...targets));
    const own = await scan(newStore(), [
      ...targets,
      '--no-probe',
      '--rate',
      '0',
      '--timeout',
      '300',
    ]);
    expect([theirs.status, own.status]).toEqual([0, 0]);
    expect(openOf(theirs.rows)).toEqual(openOf(own.rows));
    expect(openOf(theirs.rows)).toHaveLength(4 * 8);
    expect(theirs.job).toMatchObject({
      scan_type: 'nmap',
      status: 'completed',
      is_partial: false,
      hosts_up: 4,
      ports_open: 32,
    });
  });

  test('what nmap finds closed is closed in the inventory, what it was not asked is not', async () => {
    const db = newStore();
    await scan(db, nmap(fast, '10.9.0.1', '-p', '80,443'));
    servers.filter(['tcp dport 80 reject with tcp reset', 'tcp dport 443 drop']);
    try {
      const { rows } = await scan(db, nmap(fast, '10.9.0.1', '-p', '22,80'));
      expect(rows.map(({ port, state }) => `${port} ${state}`)).toEqual([
        '22 open',
        '80 closed',
        '443 open',
      ]);
    } finally {
      servers.filter(['tcp dport 30-39 drop']);
    }
  });

  test('a list of ports is of datagrams where nmap is asked for those alone', async () => {
    const { rows, status } = await scan(newStore(), nmap('-sU', '10.10.0.2', '-p', '53,54,123'));
    expect(status).toBe(0);
    expect(openOf(rows)).toEqual(['10.10.0.2 udp 53', '10.10.0.2 udp 123']);
  });

  test('Ctrl-C leaves a cancelled scan with what was found, and no nmap', async () => {
    const db = newStore();
    const args = `${fast} --max-hostgroup 4 --scan-delay 1ms`;
    const words = nmap(args, '10.9.0.0/24', '-p', '1-100');
    const { child, ended } = startPortolan(['scan', ...words, '-n', '--db', db], {
      before: inside(),
    });
    // The first hosts are in the store.
    while ((await portolan(['ports', '--json', '--db', db])).stdout.length < 10) await sleep(50);
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    expect(stderr).toContain('results so far are kept');
    expect(execFileSync('ip', ['netns', 'pids', scanner.name]).toString().trim()).toBe('');
    const shown = JSON.parse((await portolan(['show', 'last', '--json', '--db', db])).stdout) as {
      status: string;
      ports_open: number;
      config: object;
    };
    expect(shown).toMatchObject({
      status: 'cancelled',
      is_partial: true,
      config: { engine: 'nmap', engine_args: args.split(' ') },
    });
    expect(shown.ports_open).toBeGreaterThan(0);
    const text = await portolan(['show', 'last', '--db', db]);
    expect(text.stdout).toMatch(/^Engine +nmap -sS --min-rate 2000/m);
  });

  test('resuming begins again, and doubles nothing', async () => {
    const db = newStore();
    const words = nmap(`${fast} --max-hostgroup 1 --scan-delay 1ms`, '10.9.0.0/29', '-p', '1-50');
    const { child, ended } = startPortolan(['scan', ...words, '-n', '--db', db], {
      before: inside(),
    });
    while ((await portolan(['ports', '--json', '--db', db])).stdout.length < 10) await sleep(20);
    child.kill('SIGINT');
    await ended;
    const again = startPortolan(['resume', 'last', '--db', db], { before: inside() });
    expect((await again.ended).status).toBe(0);
    expect(openOf(await ports(db))).toHaveLength(8 * 5);
  });

  /** A scan by masscan, which waits so many seconds for late answers. */
  function masscan(wait: number): string[] {
    const router = servers.run('cat', ['/sys/class/net/near/address']).trim();
    const args = `-e far --router-mac ${router} --wait ${wait} --rate 200`;
    return ['10.9.0.1', '-p', '21-30,80', '--engine', 'masscan', '--masscan-args', args];
  }

  test('what masscan finds is recorded, and nothing is said of what is closed', async () => {
    const db = newStore();
    const { job, rows, status } = await scan(db, masscan(1));
    expect(status).toBe(0);
    // It may miss some, and never invents any.
    const open = new Set([21, 22, 23, 24, 25, 80]);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ port, state }) => state !== 'open' || !open.has(port))).toEqual([]);
    expect(job).toMatchObject({
      scan_type: 'masscan',
      status: 'completed',
      ports_open: rows.length,
      config: { engine: 'masscan' },
    });
  });

  test('on a network that falls silent masscan is woken, and what it found is kept', async () => {
    using near = newNamespace([]);
    using far = newNamespace([]);
    connect(far, near, []);
    await listenInside(near, '22,80', '');
    const mac = (side: Namespace, link: string): string =>
      side.run('cat', [`/sys/class/net/${link}/address`]).trim();
    const router = mac(near, 'near');
    // Nobody asks for anybody's address, and nothing announces itself.
    for (const [side, link, peer, address] of [
      [far, 'far', '10.10.0.2', router],
      [near, 'near', '10.10.0.1', mac(far, 'far')],
    ] as const) {
      side.run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6']);
      side.run('ip', [
        'neigh',
        'replace',
        peer,
        'lladdr',
        address,
        'dev',
        link,
        'nud',
        'permanent',
      ]);
    }
    const db = newStore();
    const args = `-e far --router-mac ${router} --wait 1 --rate 200`;
    const words = ['10.10.0.2', '-p', '21-30,80', '--engine', 'masscan', '--masscan-args', args];
    const before = ['ip', 'netns', 'exec', far.name];
    const { status } = await startPortolan(['scan', ...words, '-n', '--db', db], { before }).ended;
    expect([status, openOf(await ports(db))]).toEqual([
      0,
      ['10.10.0.2 tcp 22', '10.10.0.2 tcp 80'],
    ]);
  });

  test('Ctrl-C ends the waiting of masscan, and keeps what it found', async () => {
    const db = newStore();
    const { child, ended } = startPortolan(['scan', ...masscan(60), '-n', '--db', db], {
      before: inside(),
    });
    // All packets are sent within a second of its start.
    await sleep(4000);
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    expect(stderr).toContain('results so far are kept');
    expect((await ports(db)).length).toBeGreaterThan(0);
    const pids = execFileSync('ip', ['netns', 'pids', scanner.name]).toString().trim();
    expect(pids).toBe('');
  });

  test('an error of the program ends the scan as failed, with what it said', async () => {
    const db = newStore();
    const { job, status, stderr } = await scan(db, nmap('-sT -e nowhere0', '10.9.0.1', '-p', '80'));
    expect(status).toBe(70);
    expect(stderr).toMatch(/nmap ended with.*nowhere0/);
    expect(job).toMatchObject({ status: 'failed' });
  });
});

describe('options that are passed through', () => {
  test('of a program that gives up, the cause is said, and not its stack', async () => {
    const db = join(mkdtempSync(join(tmpdir(), 'portolan-engines-')), 'store.db');
    const words = ['scan', '127.0.0.1', '-p', '80', '--engine', 'nmap', '--db', db];
    const { status, stderr } = await portolan([...words, '--nmap-args', '--script nowhere']);
    expect(status).toBe(70);
    expect(stderr).toContain("'nowhere' did not match a category");
    expect(stderr).not.toMatch(/in main chunk|stack traceback/);
  });

  test('masscan, which sees nothing of loopback, is refused there', async () => {
    const scan = ['scan', '127.0.0.1', '-p', '80', '--engine', 'masscan', '--dry-run'];
    const { status, stderr } = await portolan(scan);
    expect(status).toBe(69);
    expect(stderr).toMatch(/no answer from loopback: leave --engine out/);
  });

  const scanWith = (args: string, ...words: string[]) =>
    portolan(['scan', '127.0.0.1', '--engine', 'nmap', '--nmap-args', args, '--dry-run', ...words]);

  test.each([
    ['-oX out.xml', /"-oX" is refused: Portolan reads the output itself/],
    ['-oNout', /Portolan reads the output itself/],
    ['-p 80', /"-p" is refused: ports are given to portolan/],
    ['-iL targets', /targets and exclusions are given to portolan/],
    ['--exclude 10.0.0.1', /targets and exclusions/],
    ['--resume x', /starts the scan again/],
    ['--stylesheet=x', /Portolan reads the output/],
    ['--resu x', /not one of the options that are passed through/],
    ['-sT 10.0.0.1', /"10.0.0.1" is refused: targets are given/],
    ['--open', /hides which ports are closed/],
    ["-sT '--script", /a ' is not closed/],
    ['--script', /--script needs a value/],
  ])('%s is refused, and why', async (args, message) => {
    const { status, stderr } = await scanWith(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('options that only root may use are refused before anything begins', async () => {
    const { nmapOptions, assertPrivileged } = await import('../../src/scan/nmap/nmap-options.ts');
    for (const words of [['-sS'], ['-sVU'], ['-O'], ['--traceroute'], ['-sT', '-D', 'RND:1']]) {
      expect(() => assertPrivileged(nmapOptions(words), 1000)).toThrow(/needs root/);
      assertPrivileged(nmapOptions(words), 0);
    }
    assertPrivileged(nmapOptions(['-sT', '-sV', '-A', '--script', 'x']), 1000);
    assertPrivileged(nmapOptions(['-sS', '--privileged']), 1000);
  });

  test('quotes and backslashes part words as in a shell', async () => {
    const { splitWords } = await import('../../src/scan/external/split-words.ts');
    expect(splitWords(`-sV  --script 'a b' --script-args "x=\\"y\\" z" c\\ d --e='f'g`)).toEqual([
      '-sV',
      '--script',
      'a b',
      '--script-args',
      'x="y" z',
      'c d',
      '--e=fg',
    ]);
    expect(splitWords('  ')).toEqual([]);
  });

  test('the own engines take no options of others, and others none of theirs', async () => {
    const stray = await portolan(['scan', '127.0.0.1', '--nmap-args', '-sV', '--dry-run']);
    expect(stray).toMatchObject({ status: 2, stderr: expect.stringContaining('--engine nmap') });
    const timed = await scanWith('-sT', '--timeout', '5');
    expect(timed).toMatchObject({ status: 2, stderr: expect.stringContaining('--timeout') });
  });
});
