import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueChain } from '../src/demo/certificates.ts';
import { type DemoServer, startDemoServers } from '../src/demo/servers.ts';
import { portolan } from './cli.ts';
import { requirement } from './environment.ts';
import {
  type Program,
  startNginx,
  startPostgres,
  startRedis,
  startSshd,
} from './system/programs.ts';

const programs = ['/usr/bin/nmap', '/usr/sbin/nginx', '/usr/sbin/sshd', '/usr/bin/redis-server'];
const canCompare = requirement(
  'comparison with nmap on real servers',
  programs.every((path) => existsSync(path)) && existsSync('/usr/lib/postgresql'),
  'apt-get install nmap nginx-light openssh-server redis-server postgresql',
);

const rounds = 5;
/** Silent, talkative and rude listeners beside the real programs. */
const listenerCount = 40;

interface Row {
  readonly port: number;
  readonly service: string | null;
  readonly product: string | null;
  readonly version: string | null;
}

describe.runIf(canCompare)('the same machine, seen by nmap and by Portolan', () => {
  const started: Program[] = [];
  const listeners: Server[] = [];
  let demo: readonly DemoServer[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'portolan-nmap-'));

  beforeAll(async () => {
    const { certificate, key } = issueChain('localhost');
    // Each is noted at once, so that it is stopped also where another one does not start.
    await Promise.all(
      [startNginx({ chain: certificate, key }), startSshd(), startRedis(), startPostgres()].map(
        async (program) => started.push(await program),
      ),
    );
    demo = await startDemoServers();
    for (let i = 0; i < listenerCount; i++) {
      const server = createServer((socket) => behave(socket, i % 4));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      listeners.push(server);
    }
  });

  afterAll(async () => {
    for (const server of listeners) server.close();
    await Promise.all(demo.map((server) => server.close()));
    for (const program of started) await program[Symbol.asyncDispose]();
  });

  function ownPorts(): number[] {
    return [
      ...started.flatMap(({ ports }) => ports),
      ...demo.map(({ port }) => port),
      ...listeners.map((server) => (server.address() as { port: number }).port),
    ].sort((a, b) => a - b);
  }

  test(`all 65,535 ports: the same open set, ${rounds} runs of ${rounds}`, async () => {
    const own = new Set(ownPorts());
    for (let round = 0; round < rounds; round++) {
      const words = ['scan', '127.0.0.1', '--no-probe', '--json'];
      const db = join(folder, `round-${round}.db`);
      const { stdout } = await portolan([...words, '--db', db]);
      // Other programs of this machine may come and go: the comparison is of ours.
      const found = (JSON.parse(stdout) as Row[]).map(({ port }) => port);
      expect(found.filter((port) => own.has(port))).toEqual([...own]);
      expect(nmapOpen().filter((port) => own.has(port))).toEqual([...own]);
    }
  });

  test('nmap -sV gives every one of the real programs the same name and product', async () => {
    const ports = started.flatMap((program) => program.ports).sort((a, b) => a - b);
    const list = ports.join(',');
    const words = ['scan', '127.0.0.1', '-p', list, '--json', '--db', join(folder, 'names.db')];
    const rows = JSON.parse((await portolan(words)).stdout) as Row[];
    const theirs = nmapServices(list);
    expect(theirs.map(({ port }) => port)).toEqual(ports);
    expect(rows.map(({ port, service }) => ({ port, service }))).toEqual(
      theirs.map(({ port, service }) => ({ port, service })),
    );
    for (const [index, { product }] of rows.entries()) {
      // nmap adds what kind of program it is: "Redis key-value store".
      expect(`${theirs[index]!.product} `).toContain(`${product} `);
    }
  });

  test('what runs there is recognised', async () => {
    const db = join(folder, 'services.db');
    const { stdout } = await portolan(['scan', '127.0.0.1', '--json', '--db', db]);
    const rows = new Map((JSON.parse(stdout) as Row[]).map((row) => [row.port, row]));
    const seen = (name: string, index = 0): Row | undefined =>
      rows.get(started.find((program) => program.name === name)!.ports[index]!);
    expect(seen('nginx')).toMatchObject({ service: 'http', product: 'nginx' });
    expect(seen('nginx', 1)).toMatchObject({ service: 'https', product: 'nginx' });
    expect(seen('sshd')).toMatchObject({ service: 'ssh', product: 'OpenSSH' });
    expect(seen('redis')).toMatchObject({ service: 'redis', product: 'Redis' });
    expect(seen('postgresql')).toMatchObject({ service: 'postgresql', product: 'PostgreSQL' });
    expect(seen('nginx')?.version).toMatch(/^1\.\d+/);
    const certificates = await portolan(['certs', '--json', '--db', db]);
    expect(JSON.parse(certificates.stdout)).toContainEqual(
      expect.objectContaining({ subject: 'CN=localhost' }),
    );
    const pages = await portolan(['web', '--json', '--db', db]);
    const page = { h2: true, title: 'Harbour', tls_version: expect.stringMatching(/^TLSv1\./) };
    expect(JSON.parse(pages.stdout)).toContainEqual(expect.objectContaining(page));
  });
});

function behave(socket: Socket, kind: number): void {
  socket.on('error', () => undefined);
  if (kind === 1) socket.write('220 ready\r\n');
  if (kind === 2) socket.end();
  if (kind === 3) socket.resetAndDestroy();
}

function nmapOpen(): number[] {
  const args = ['-sT', '-n', '-Pn', '-p-', '-T5', '-oG', '-', '127.0.0.1'];
  const output = execFileSync('nmap', args, { encoding: 'utf8' });
  return [...output.matchAll(/(\d+)\/open\//g)].map(([, port]) => Number(port));
}

/** What nmap takes services for, in Portolan's words: HTTP inside TLS is https. */
function nmapServices(ports: string): { port: number; service: string; product: string }[] {
  const args = ['-sT', '-sV', '-n', '-Pn', '-T5', '-p', ports, '-oX', '-', '127.0.0.1'];
  const xml = execFileSync('nmap', args, { encoding: 'utf8' });
  return [...xml.matchAll(/portid="(\d+)".*?<service ([^>]*)>/g)].map(([, port, text = '']) => {
    const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(text)?.[1] ?? '';
    const isTls = field('tunnel') === 'ssl';
    const service = field('name') === 'http' && isTls ? 'https' : field('name');
    return { port: Number(port), service, product: field('product') };
  });
}
