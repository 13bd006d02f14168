import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('the first look at workers in the documentation does what it says', async () => {
  const page = readFileSync(join(root, 'docs/jobs.md'), 'utf8');
  const [, commands = ''] = /## A first look\n\n```sh\n(.*?)```/s.exec(page) ?? [];
  expect(commands).toContain('portolan worker &');
  const folder = mkdtempSync(join(tmpdir(), 'portolan-docs-'));
  try {
    const bin = join(folder, 'portolan');
    const call = `exec "${process.execPath}" "${join(root, 'bin/portolan.js')}" "$@"`;
    writeFileSync(bin, `#!/bin/sh\n${call}\n`, { mode: 0o755 });
    const script = `set -e\n${commands}\nkill %1 %2\nwait\n`;
    const { stdout } = await promisify(execFile)('bash', ['-mc', script], {
      env: {
        ...process.env,
        PATH: `${folder}:${process.env['PATH']}`,
        PORTOLAN_DB: `${folder}/db`,
      },
    });
    expect(stdout).toContain('is cancelled');
    expect(stdout).toMatch(/nightly.*lab.*brisk/);
    expect(stdout).toMatch(/Status +cancelled/);
    expect(stdout).toMatch(/completed: 96 hosts up/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
