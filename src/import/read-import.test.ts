import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
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

test('a compressed file that breaks off at once is not said to be empty', async () => {
  const packed = gzipSync('open tcp 443 192.0.2.1 1700000000\n');
  for (const length of [3, 10]) {
    const stream = Readable.from([packed.subarray(0, length)]);
    await expect(Array.fromAsync(readImport({ stream, name: 'a.gz' }))).rejects.toThrow(
      'a.gz is truncated before its first event',
    );
  }
});

test('an unreadable file is an error that says why', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-read-'));
  try {
    const path = join(folder, 'ports.txt');
    writeFileSync(path, 'open tcp 443 192.0.2.1 1700000000\n', { mode: 0o000 });
    chmodSync(folder, 0o755);
    // Root may read everything: the program becomes nobody once it is loaded.
    const program = `
      import { readImport } from ${JSON.stringify(new URL('read-import.ts', import.meta.url))};
      if (process.getuid() === 0) process.setuid(65534);
      await Array.fromAsync(readImport({ path: ${JSON.stringify(path)} })).catch((error) =>
        console.log(error.code, error.message));`;
    const words = ['--input-type=module', '-e', program];
    const said = execFileSync(process.execPath, words, { encoding: 'utf8' });
    expect(said).toBe(`NO_INPUT ${path} cannot be read (EACCES)\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
