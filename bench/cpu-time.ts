import { spawnSync } from 'node:child_process';

/**
 * CPU time of a whole process of Node.js, user and system, ms.
 *
 * @param env variables beside this process's own
 */
export function cpuMs(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): number {
  const timed = ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'time', process.execPath, ...words];
  const { status, stderr } = spawnSync('bash', timed, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${words.join(' ')} failed: ${stderr}`);
  const [user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return (user + system) * 1000;
}
