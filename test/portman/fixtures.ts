import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openRegistry, type Registry } from '../../src/portman/registry.ts';
import { writeSetting } from '../../src/portman/settings.ts';

/** A folder of the running test, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portman-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A registry of the running test, in a file of its own. */
export async function temporaryRegistry(
  path = join(temporaryFolder(), 'database.db'),
): Promise<Registry> {
  const registry = await openRegistry(path);
  onTestFinished(() => {
    if (registry.db.isOpen) registry.db.close();
  });
  return registry;
}

/** A port on which this process listens until the test ends. */
export async function listenHere(host = '127.0.0.1', port = 0): Promise<number> {
  // A client that is killed resets its connection: no matter here.
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen({ host, port, ipv6Only: host === '::1' });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on, outside the kernel's own range. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    server.listen({ host: '::', port });
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/**
 * A registry whose requests are answered from a range of its own: tests run at the same time, and
 * one must not kill what listens for another.
 */
export async function registryWithRange(): Promise<string> {
  const registry = await temporaryRegistry();
  const start = await freePort();
  writeSetting(registry, 'request.start', String(start));
  writeSetting(registry, 'request.end', String(start + 500));
  registry.db.close();
  return registry.path;
}

/** A program that listens on a port, and what it says to the signals that end others. */
export async function startListener(
  port: number,
  options: { ignoreTerm?: boolean; host?: string; uid?: number; cwd?: string } = {},
): Promise<ChildProcess> {
  const { ignoreTerm = false, host = '127.0.0.1' } = options;
  return startProgram(
    `${ignoreTerm ? "process.on('SIGTERM', () => {});" : ''}
     require('node:net').createServer().listen(${port}, '${host}', () => console.log('ready'));`,
    options,
  );
}

/** A Node.js program of its own that prints `ready`; ended with the test. */
export async function startProgram(
  script: string,
  options: { uid?: number; cwd?: string; env?: Record<string, string> } = {},
): Promise<ChildProcess> {
  const { uid, cwd, env } = options;
  // It becomes another user when it has started: that user may not be allowed to start this Node.
  const become = uid === undefined ? '' : `process.setgid(${uid}); process.setuid(${uid});`;
  const child = spawn(process.execPath, ['-e', `${become}${script}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** Resolves when a program has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
