import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requirement } from '../../test/environment.ts';
import {
  ended,
  freePort,
  listenHere,
  startListener,
  startProgram,
  temporaryFolder,
  temporaryRegistry,
} from '../../test/portman/fixtures.ts';
import { readHistory } from './history.ts';
import { killPort } from './kill.ts';
import { lookAtPorts } from './port-state.ts';
import { reservePorts } from './reserve.ts';

const isRoot = process.getuid?.() === 0;
const programFile = (name: string): string => join(import.meta.dirname, '../../test/portman', name);

describe('killing a port', () => {
  test('ends its listener, leaves its client alone, and writes it down', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    await reservePorts(registry, { ports: [port], project: 'a', description: 'web' });
    const server = await startListener(port);
    const client = await startProgram(
      `require('node:net').connect(${port}, '127.0.0.1', () => console.log('ready'))
         .on('error', () => {}); setInterval(() => {}, 1000);`,
    );
    await lookAtPorts(registry);
    const outcome = await killPort(registry, port);
    expect(outcome).toMatchObject({ port, processes: [{ pid: server.pid }], signal: 'SIGTERM' });
    await ended(server);
    expect(server.signalCode).toBe('SIGTERM');
    expect(client.exitCode).toBeNull();
    expect(client.signalCode).toBeNull();
    const [latest, killed] = readHistory(registry, { port });
    expect(latest).toMatchObject({ action: 'reserved' });
    expect(killed).toMatchObject({ action: 'killed', projectName: 'a', description: 'web' });
    expect(JSON.parse(killed!.details!)).toMatchObject({
      signal: 'SIGTERM',
      processes: [{ pid: server.pid, name: 'node', uid: process.getuid?.() }],
    });
  });

  test('that only clients have on their side is refused', async () => {
    const registry = await temporaryRegistry();
    const server = await listenHere();
    const client = connect(server, '127.0.0.1');
    client.on('error', () => undefined);
    onTestFinished(() => void client.destroy());
    await once(client, 'connect');
    await expect(killPort(registry, client.localPort!)).rejects.toMatchObject({
      code: 'PROCESS_KILL_ERROR',
      exitCode: 1,
    });
  });

  test('goes on to SIGKILL where SIGTERM is ignored', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    const server = await startListener(port, { ignoreTerm: true });
    expect(await killPort(registry, port, { graceMs: 200 })).toMatchObject({ signal: 'SIGKILL' });
    await ended(server);
    expect(server.signalCode).toBe('SIGKILL');
  });

  test('in a dry run only shows whom it would end', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    const server = await startListener(port);
    const outcome = await killPort(registry, port, { dryRun: true });
    expect(outcome).toMatchObject({ processes: [{ pid: server.pid }], signal: undefined });
    expect(server.exitCode).toBeNull();
    expect(readHistory(registry, { port })).toEqual([]);
  });

  test('ends every process that holds the socket', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    const parent = await startProgram(
      `const { spawn } = require('node:child_process');
       const server = require('node:net').createServer();
       server.listen(${port}, '127.0.0.1', () => {
         const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'],
           { stdio: ['ignore', 'ignore', 'ignore', server._handle.fd] });
         setTimeout(() => console.log(child.pid), 100);
       });`,
    );
    const { processes } = await killPort(registry, port);
    expect(processes).toHaveLength(2);
    expect(processes[0]!.pid).toBe(parent.pid);
    expect((await lookAtPorts(registry, { ports: [port] })).states[0]!.status).toBe('free');
  });

  test('never ends this process, not even by force', async () => {
    const registry = await temporaryRegistry();
    const port = await listenHere();
    await expect(killPort(registry, port, { force: true })).rejects.toMatchObject({
      code: 'PROCESS_KILL_ERROR',
      message: expect.stringContaining('portman itself') as string,
    });
  });

  test('does not end what started it', async () => {
    const port = await freePort();
    const child = spawn(
      process.execPath,
      [programFile('kill-ancestor.ts'), join(temporaryFolder(), 'database.db'), String(port)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    expect(await text(child.stdout)).toContain('started this portman');
  });

  test('says so, and writes nothing down, where something starts it anew', async () => {
    const registry = await temporaryRegistry();
    const port = await freePort();
    const listen = `require('node:net').createServer()
      .listen({ port: ${port}, host: '127.0.0.1', reusePort: true }, () => console.log('ready'))`;
    // Hands its port over before it ends, as a server with a graceful restart does.
    const server = await startProgram(
      `const { spawn } = require('node:child_process');
       process.on('SIGTERM', () => {
         const stdio = ['ignore', 'pipe', 'ignore'];
         const next = spawn(process.execPath, ['-e', process.env.LISTEN], { stdio });
         next.stdout.on('data', () => process.exit());
       });
       ${listen}`,
      { env: { LISTEN: listen } },
    );
    await expect(killPort(registry, port)).rejects.toMatchObject({
      code: 'PROCESS_KILL_ERROR',
      message: expect.stringContaining('taken it again') as string,
    });
    expect(server.exitCode).toBe(0);
    expect(readHistory(registry, { port })).toEqual([]);
    await killPort(registry, port);
    expect(readHistory(registry, { port })).toHaveLength(1);
  });

  test.runIf(requirement('root', isRoot, 'run the tests as root'))(
    'refuses another user’s process without force',
    async () => {
      const registry = await temporaryRegistry();
      const port = await freePort();
      const server = await startListener(port, { uid: 65_534, cwd: '/' });
      await expect(killPort(registry, port)).rejects.toMatchObject({
        code: 'PROCESS_KILL_ERROR',
        message: expect.stringContaining('another user') as string,
      });
      expect(server.exitCode).toBeNull();
      expect(await killPort(registry, port, { force: true })).toMatchObject({ signal: 'SIGTERM' });
    },
  );
});

const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

describe.runIf(requirement('a pid namespace', canUnshare, 'run the tests as root on Linux'))(
  'a pid that another process got',
  () => {
    test.each(['listens', 'idle'])('is never hit, when the new process %s', async (mode) => {
      const child = spawn(
        'unshare',
        [
          '--pid', '--fork', '--mount-proc', '--kill-child',
          process.execPath, programFile('recycle-pid.ts'),
          join(temporaryFolder(), 'database.db'), String(await freePort()), mode,
        ], // prettier-ignore
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const result = JSON.parse(await text(child.stdout)) as Record<string, unknown>;
      expect(result).toMatchObject({ isRecycled: true, isVictimAlive: true });
      if (mode === 'listens') {
        expect(result).toMatchObject({ code: 'PROCESS_KILL_ERROR', actions: [] });
      } else {
        expect(result).toMatchObject({ code: null, signal: null, actions: [] });
      }
    });
  },
);
