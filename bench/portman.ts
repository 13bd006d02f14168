/**
 * CPU time of whole processes of portman, against its limit of 150 ms: people put these commands in
 * prompts and scripts. Medians; Node.js alone is measured beside them.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const limitMs = 150;
const runs = 9;
const folder = mkdtempSync(join(tmpdir(), 'portman-bench-'));
const bin = join(import.meta.dirname, '../bin/portman.js');
const env = { ...process.env, PORTKEEPER_DB_PATH: join(folder, 'database.db') };

/** User and system time of a process and its children, as the shell's `times` tells. */
function cpuMs(argv: readonly string[]): number {
  const shell = ['-c', '"$@" >/dev/null 2>&1; times', 'sh', process.execPath, ...argv];
  const { stdout } = spawnSync('sh', shell, { env, encoding: 'utf8' });
  const [, user, system] = /(\S+) (\S+)\s*$/.exec(stdout) ?? [];
  return (secondsOf(user) + secondsOf(system)) * 1000;
}

function secondsOf(text = ''): number {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}

function measure(argv: readonly string[]): number {
  cpuMs(argv);
  const times = Array.from({ length: runs }, () => cpuMs(argv));
  return times.sort((a, b) => a - b)[runs >> 1]!;
}

try {
  cpuMs([bin, 'reserve', '20000-20009', '-n', 'bench', '-t', 'a', 'b', '--adopt']);
  console.log(`node alone: ${measure(['-e', '0']).toFixed(0)} ms`);
  let isOver = false;
  for (const words of [
    ['list'],
    ['check', '3000'],
    ['check', '20000', '--json'],
    ['reserve', '20000', '-n', 'bench'],
  ]) {
    const ms = measure([bin, ...words]);
    isOver ||= ms > limitMs;
    const ratio = (ms / limitMs).toFixed(2);
    console.log(`portman ${words.join(' ')}: ${ms.toFixed(0)} ms, ${ratio} of the limit`);
  }
  if (isOver) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
