import { spawnSync } from 'node:child_process';

/**
 * User and system CPU time of a whole Node.js process, ms.
 *
 * @param env variables in addition to this process's own
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
