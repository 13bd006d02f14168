import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { requirement } from '../../test/environment.ts';
import { ended, startProgram } from '../../test/portman/fixtures.ts';
import { findWrappedProcess } from './wrapped-processes.ts';

const hasPs = process.platform === 'win32' || spawnSync('ps', ['-V']).error === undefined;

test.runIf(requirement('ps', hasPs, 'apt install procps'))(
  'a process without /proc is known by its pid and the time it started',
  async () => {
    const child = await startProgram('console.log("ready"); setInterval(() => {}, 1000)');
    const found = await findWrappedProcess(child.pid!);
    expect(found).toMatchObject({ pid: child.pid, parentPid: process.pid });
    expect(found?.command).toContain('setInterval');
    expect(found?.startTime).toMatch(/\d/);
    expect(await findWrappedProcess(child.pid!)).toEqual(found);
    child.kill('SIGKILL');
    await ended(child);
    expect(await findWrappedProcess(child.pid!)).toBeUndefined();
  },
);
