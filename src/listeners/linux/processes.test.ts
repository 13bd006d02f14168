import { describe, expect, test } from 'vitest';
import { ended, startProgram } from '../../../test/portman/fixtures.ts';
import { parseStat, readProcess, readStartVariable, readWorkingFolder } from './processes.ts';

test('a process may have brackets, blanks and line ends in its name', () => {
  const rest = 'S 7 1 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2';
  for (const name of ['a', 'a b', ') S 1 (', '((', 'x)\n)']) {
    expect(parseStat(`12 (${name}) ${rest}`)).toEqual({
      name,
      state: 'S',
      parentPid: 7,
      sessionId: 3,
      startTime: '98765',
    });
  }
  expect(parseStat('nothing')).toBeUndefined();
  expect(parseStat('1 (short) S 1')).toBeUndefined();
});

describe.runIf(process.platform === 'linux')('a running process', () => {
  test('is told apart from itself by nothing, and is gone when it ends', async () => {
    const child = await startProgram('console.log("ready"); setInterval(() => {}, 1000)', {
      env: { SOME_MARK: 'a=b' },
    });
    const pid = child.pid!;
    const found = readProcess(pid);
    expect(found).toMatchObject({
      pid,
      uid: process.getuid!(),
      parentPid: process.pid,
      command: expect.stringContaining('setInterval') as string,
    });
    expect(readProcess(pid)).toEqual(found);
    expect(found!.startTime).not.toBe(readProcess(process.pid)!.startTime);
    expect(readStartVariable(pid, 'SOME_MARK')).toBe('a=b');
    expect(readWorkingFolder(pid)).toBe(process.cwd());
    child.kill('SIGKILL');
    await ended(child);
    expect(readProcess(pid)).toBeUndefined();
  });
});
