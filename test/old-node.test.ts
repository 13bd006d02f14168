import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { requirement } from './environment.ts';

const root = join(import.meta.dirname, '..');
const hasNode = requirement(
  'the Node.js of npm ci',
  existsSync(join(root, 'node_modules/.bin/node')),
  'npm ci installs it',
);
const folder = mkdtempSync(join(tmpdir(), 'portolan-old-node-'));
/** Makes a process believe that its Node.js is an old one. */
const asOldNode = [
  '--import',
  `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.1.0' } })`,
];

afterAll(() => rmSync(folder, { recursive: true }));

describe('under a Node.js that is too old', () => {
  test.skipIf(!hasNode)(
    'a linked checkout runs under the Node.js that npm installed, and its signals reach it',
    async () => {
      const bin = join(folder, 'portolan');
      symlinkSync(join(root, 'bin/portolan.js'), bin);
      const env = { ...process.env, HOME: folder };
      const words = ['worker', '--db', join(folder, 'x.db')];
      const worker = spawn(process.execPath, [...asOldNode, bin, ...words], { env });
      await once(worker.stderr, 'data');
      worker.kill('SIGTERM');
      expect(await once(worker, 'exit')).toEqual([0, null]);

      const run = (...words: string[]) =>
        promisify(execFile)(process.execPath, [...asOldNode, bin, ...words], { env });
      expect((await run('scans', '--json', '--db', join(folder, 'x.db'))).stdout).toBe('[]\n');
      await expect(run('scan')).rejects.toMatchObject({ code: 2 });
    },
  );

  test('an installed package says which one it needs', async () => {
    const bin = join(folder, 'bin');
    cpSync(join(root, 'bin'), bin, { recursive: true });
    const args = [...asOldNode, '--input-type=module', '--eval'];
    const script = `import { start } from ${JSON.stringify(join(bin, 'start.js'))}; await start('portolan', 'bin')`;
    const failure = promisify(execFile)(process.execPath, [...args, script]);
    await expect(failure).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^portolan: Node\.js 22\.18 or newer is required; .* 20\.1\.0/),
    });
  });
});
