import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMs } from './cpu-time.ts';
import { median } from './median.ts';

const bin = fileURLToPath(new URL('../bin/portman.js', import.meta.url));
const limitMs = 150;

/** Measures the portman commands that people use in prompts and scripts. */
export function benchPortman(runs = 11): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portman-bench-'));
  const env = { PORTKEEPER_DB_PATH: join(folder, 'database.db') };
  const reserve = [bin, 'reserve', '20000-20009', '-n', 'bench', '-t', 'a', 'b', '--adopt'];
  cpuMs(reserve, env);
  console.log(
    `portman, CPU time of the whole process (median of ${runs}, limit ${limitMs}, ` +
      `node alone ${measure(['-e', '0'], env, runs).toFixed(0)} ms)`,
  );
  for (const words of [['list'], ['projects', '--json'], ['reserve', '20000', '-n', 'bench']]) {
    print(words, measure([bin, ...words], env, runs));
  }
  // A port outside the reserved range, so that the check exits with status 0.
  print(['check', '19999'], measure([bin, 'check', '19999'], env, runs));
  rmSync(folder, { recursive: true });
  return Promise.resolve();
}

function measure(words: readonly string[], env: Record<string, string>, runs: number): number {
  return median(Array.from({ length: runs }, () => cpuMs(words, env)));
}

function print(words: readonly string[], ms: number): void {
  const ratio = `${(ms / limitMs).toFixed(2)} of the limit`;
  console.log(`  portman ${words.join(' ').padEnd(44)} ${ms.toFixed(0).padStart(7)} ms  ${ratio}`);
}
