import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readImport } from './read-import.ts';

test('the event loop turns while a large file is read: a signal comes through', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-read-'));
  try {
    const path = join(folder, 'ports.txt');
    const line = (i: number): string => `open tcp ${i % 65_536} 10.0.${i >> 16}.1 1700000000\n`;
    writeFileSync(path, `#masscan\n${Array.from({ length: 600_000 }, (_, i) => line(i)).join('')}`);
    const stop = new AbortController();
    const read = async (): Promise<number> => {
      let ports = 0;
      for await (const { batch } of readImport({ path }, { signal: stop.signal })) {
        ports += batch.ports.length;
        // As a signal of the system, a timer is looked at where the event loop turns.
        setTimeout(() => stop.abort(new Error('stopped')));
        // Recording keeps the thread for longer than the next batch takes to come.
        const until = performance.now() + 100;
        while (performance.now() < until) continue;
      }
      return ports;
    };
    await expect(read()).rejects.toThrow('stopped');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
