import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMs } from './cpu-time.ts';
import { median } from './median.ts';

const bin = fileURLToPath(new URL('../bin/portolan.js', import.meta.url));

/** Measures the CPU time of commands that people use in prompts and scripts. */
export async function benchStart(runs = 11): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
  const db = join(folder, 'results.db');
  const server = createServer((socket) => socket.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = String((server.address() as { port: number }).port);
  cpuMs([bin, 'scan', '127.0.0.1', '-p', port, '--no-probe', '--silent', '--db', db]);
  server.close();
  const commands = {
    'node -e 0': ['-e', '0'],
    'portolan --version (limit 60)': [bin, '--version'],
    'portolan ports (limit 150)': [bin, 'ports', '--db', db],
  };
  console.log(`start-up, CPU time of the whole process (median of ${runs})`);
  for (const [name, words] of Object.entries(commands)) {
    const times = Array.from({ length: runs }, () => cpuMs(words));
    console.log(`  ${name.padEnd(52)} ${median(times).toFixed(0).padStart(7)} ms`);
  }
  rmSync(folder, { recursive: true });
}
