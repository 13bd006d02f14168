/**
 * In a pid namespace of its own: a server listens, portman picks it as its target; before the
 * signal the server ends and a bystander gets its pid. Prints what became of the bystander.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { readHistory } from '../../src/portman/history.ts';
import { killPort } from '../../src/portman/kill.ts';
import { openRegistry } from '../../src/portman/registry.ts';

const [, , path, portText, mode] = process.argv;
const port = Number(portText);
const listen = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
const idle = `console.log('up'); setInterval(() => {}, 1000)`;

async function start(script: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** The kernel gives the next process the number after the last one it gave. */
async function startAs(pid: number, script: string): Promise<ChildProcess> {
  for (let tries = 0; tries < 100; tries++) {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.pid === pid) {
      await once(child.stdout, 'data');
      return child;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  throw new Error(`no process got the pid ${pid}`);
}

using registry = await openRegistry(path!);
const server = await start(listen);
let victim: ChildProcess | undefined;
let code: string | null = null;
let signal: string | null = null;
try {
  const outcome = await killPort(registry, port, {
    graceMs: 300,
    async onTarget(_, target) {
      server.kill('SIGKILL');
      await once(server, 'exit');
      victim = await startAs(target.pid, mode === 'listens' ? listen : idle);
    },
  });
  signal = outcome.signal ?? null;
} catch (error) {
  ({ code } = error as { code: string });
}
const result = {
  isRecycled: victim?.pid === server.pid,
  isVictimAlive: victim?.exitCode === null && victim.signalCode === null,
  code,
  signal,
  actions: readHistory(registry, { port }).map(({ action }) => action),
};
victim?.kill('SIGKILL');
process.stdout.write(JSON.stringify(result));
