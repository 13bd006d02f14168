import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** A real program of the system, listening on loopback until it is stopped. */
export interface Program extends AsyncDisposable {
  readonly name: string;
  readonly ports: readonly number[];
}

interface Start {
  readonly name: string;
  readonly ports: readonly number[];
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  readonly user?: { uid: number; gid: number };
}

async function start({ name, ports, command, folder, user }: Start): Promise<Program> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...user, cwd: folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  for (const port of ports) {
    if (await waitForPort(port, child)) continue;
    await stop();
    throw new Error(`${name} does not listen on port ${port}: ${said}`);
  }
  return { name, ports, [Symbol.asyncDispose]: stop };
}

async function waitForPort(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return true;
    await sleep(50);
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(timer);
}

function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `portolan-${name}-`));
}

/**
 * nginx with a plain and an HTTPS server that speaks h2.
 *
 * @param tls PEM of the chain, the server's own certificate first, and of its key
 */
export async function startNginx(tls: { chain: string; key: string }): Promise<Program> {
  const [http, https] = [await freePort(), await freePort()];
  const folder = newFolder('nginx');
  writeFileSync(join(folder, 'chain.pem'), tls.chain);
  writeFileSync(join(folder, 'key.pem'), tls.key, { mode: 0o600 });
  writeFileSync(join(folder, 'index.html'), '<title>Harbour</title>');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events { worker_connections 1024; }
     http {
       access_log off;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
       scgi_temp_path ${folder}/scgi;
       server { listen 127.0.0.1:${http}; root ${folder}; }
       server {
         listen 127.0.0.1:${https} ssl http2; root ${folder};
         ssl_certificate ${folder}/chain.pem; ssl_certificate_key ${folder}/key.pem;
       }
     }`,
  );
  return start({
    name: 'nginx',
    ports: [http, https],
    command: ['/usr/sbin/nginx', '-c', join(folder, 'nginx.conf'), '-p', folder],
    folder,
  });
}

/** OpenSSH's server with a host key of its own. */
export async function startSshd(): Promise<Program> {
  const port = await freePort();
  const folder = newFolder('sshd');
  const key = join(folder, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  writeFileSync(
    join(folder, 'config'),
    `ListenAddress 127.0.0.1:${port}\nHostKey ${key}\nPidFile none\nMaxStartups 100\n`,
  );
  const command = ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'config')] as const;
  return start({ name: 'sshd', ports: [port], command: [...command], folder });
}

/** Redis without persistence. */
export async function startRedis(): Promise<Program> {
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--daemonize', 'no'];
  return start({
    name: 'redis',
    ports: [port],
    command: ['/usr/bin/redis-server', ...args],
    folder: newFolder('redis'),
  });
}

/** PostgreSQL on a fresh cluster. It refuses to run as root, so then it runs as `postgres`. */
export async function startPostgres(): Promise<Program> {
  const port = await freePort();
  const folder = newFolder('postgres');
  const isRoot = process.getuid?.() === 0;
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, ...(isRoot ? ['postgres'] : [])], { encoding: 'utf8' }));
  const user = { uid: id('-u'), gid: id('-g') };
  chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const bin = ['15', '16', '17', '18']
    .map((version) => `/usr/lib/postgresql/${version}/bin`)
    .find((path) => existsSync(path));
  if (!bin) throw new Error('no PostgreSQL server is installed');
  const data = join(folder, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-N'], {
    ...user,
    cwd: folder,
    stdio: 'ignore',
  });
  return start({
    name: 'postgresql',
    ports: [port],
    command: [join(bin, 'postgres'), '-D', data, '-p', `${port}`, '-k', folder, '-h', '127.0.0.1'],
    folder,
    user,
  });
}
