import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lookAtPorts, type PortState } from '../../src/portman/port-state.ts';
import { freePort, registryWithRange, temporaryRegistry } from './fixtures.ts';
import { bin, portman, portmanProcess } from './portman.ts';

const node = process.execPath;
const listen = `require('node:net').createServer().listen(process.env.PORT, '127.0.0.1',
  () => console.log('listening'))`;

async function states(path: string): Promise<readonly PortState[]> {
  const registry = await temporaryRegistry(path);
  return (await lookAtPorts(registry)).states;
}

describe('portman run', () => {
  test('gives the program its port, passes its status on, and releases the port', async () => {
    const path = await registryWithRange();
    const script = 'console.log(process.env.PORT, process.argv.slice(1).join()); process.exit(7)';
    const argv = ['run', 'shop', '--', node, '-e', script, 'x', '--json'];
    const { status, stdout } = await portmanProcess(path, argv);
    expect(status).toBe(7);
    expect(stdout).toMatch(/^\d+ x,--json\n$/);
    expect(await states(path)).toEqual([]);
  });

  test('uses the port and the variable that are named, or one that the project has', async () => {
    const path = await registryWithRange();
    const port = await freePort();
    const argv = [
      'run',
      'shop',
      '--port',
      `${port}`,
      '--env',
      'WEB',
      '--',
      'sh',
      '-c',
      'echo $WEB',
    ];
    expect((await portman(path, argv)).stdout).toBe(`${port}\n`);
    await portman(path, ['reserve', `${port}`, '-n', 'shop']);
    expect((await portman(path, ['run', 'shop', '--', 'sh', '-c', 'echo $PORT'])).stdout).toBe(
      `${port}\n`,
    );
    expect(await states(path)).toMatchObject([{ port, status: 'reserved' }]);
  });

  test('of a program that cannot be started keeps nothing', async () => {
    const path = await registryWithRange();
    expect(await portman(path, ['run', 'a', '--', '/nonexistent'])).toMatchObject({ status: 127 });
    expect(await states(path)).toEqual([]);
  });

  test('hands SIGTERM on and releases the port', async () => {
    const path = await registryWithRange();
    const runner = spawn(node, [bin, 'run', 'shop', '--', node, '-e', listen], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, PORTKEEPER_DB_PATH: path },
    });
    onTestFinished(() => void runner.kill('SIGKILL'));
    await once(runner.stdout, 'data');
    expect(await states(path)).toMatchObject([{ status: 'in-use', foreign: false }]);
    runner.kill('SIGTERM');
    const [code] = (await once(runner, 'exit')) as [number];
    expect(code).toBe(128 + 15);
    expect(await states(path)).toEqual([]);
  });

  test('leaves the port to a server that outlives it, until that ends too', async () => {
    const path = await registryWithRange();
    const daemon = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', process.env.SCRIPT],
        { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      child.stdout.once('data', () => { console.log(child.pid); process.exit() });`;
    const child = spawn(node, [bin, 'run', 'shop', '--', node, '-e', daemon], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORTKEEPER_DB_PATH: path, SCRIPT: listen },
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const pid = Number(stdout);
    onTestFinished(() => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    });
    expect(stderr).toContain(`process ${pid} still listens`);
    expect(await states(path)).toMatchObject([{ status: 'in-use', listeners: [{ pid }] }]);
    process.kill(pid);
    await sleep(200);
    expect(await states(path)).toEqual([]);
  });

  test('killed at once leaves a port that is found stale', async () => {
    const path = await registryWithRange();
    const runner = spawn(node, [bin, 'run', 'shop', '--', 'sleep', '60'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PORTKEEPER_DB_PATH: path },
      detached: true,
    });
    await once(runner.stderr, 'data');
    process.kill(-runner.pid!, 'SIGKILL');
    await once(runner, 'exit');
    const { stdout } = await portman(path, ['stale', '--grace', '0', '--release', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ projectName: 'shop', reason: 'owner-gone' }]);
    expect(await states(path)).toEqual([]);
  });
});
