import { execFile } from 'node:child_process';
import { hostname, uptime } from 'node:os';
import type { RunningProcess } from './listener.ts';

/**
 * A running process on systems without `/proc`: its name and command from find-process, its start
 * time from the system's own tool.
 */
export async function findWrappedProcess(pid: number): Promise<RunningProcess | undefined> {
  const { default: find } = await import('find-process');
  const [found] = await find('pid', pid);
  const startTime = await startTimeOf(pid);
  if (!found || startTime === undefined) return undefined;
  return {
    pid,
    startTime,
    bootId: bootText(),
    uid: found.uid,
    parentPid: found.ppid,
    sessionId: undefined,
    name: found.name,
    command: found.cmd || found.name,
  };
}

/** `ps` to the second; Windows to 100 ns. */
function startTimeOf(pid: number): Promise<string | undefined> {
  const [program, args]: [string, string[]] =
    process.platform === 'win32'
      ? [
          'powershell.exe',
          ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`],
        ]
      : ['ps', ['-o', 'lstart=', '-p', String(pid)]];
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return new Promise((resolve) => {
    execFile(program, args, { env, windowsHide: true }, (error, stdout) => {
      const text = stdout.trim().replaceAll(/\s+/g, ' ');
      resolve(error || text === '' ? undefined : text);
    });
  });
}

/** No boot id here: the minute of the boot, which clock adjustments seldom move. */
function bootText(): string {
  return `${hostname()}/${Math.round((Date.now() / 1000 - uptime()) / 600)}`;
}
