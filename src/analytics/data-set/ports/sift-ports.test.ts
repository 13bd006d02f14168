import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { siftPorts } from './sift-ports.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-sift-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const port = '{"type":"scan.port","run_id":"r","addr":"192.0.2.1","port":1}';

async function sifted(text: string): Promise<{ others: string; ports: number; told: number }> {
  const path = join(folder, 'file.jsonl');
  writeFileSync(path, text);
  let told = 0;
  const file = siftPorts(path, (lines) => (told = lines));
  const others = (await buffer(file.otherLines)).toString();
  return { others, ports: file.portLines, told };
}

test('lines of ports are counted, all others handed over as they are', async () => {
  const others = [
    '{"type":"run.start","run_id":"r"}',
    '',
    '{',
    '{"type":"scan.port", "run_id":"r"}',
  ];
  const lines = [others[0], port, port, others[1], others[2], port, others[3], port];
  const text = others.join('\n');
  expect(await sifted(`${lines.join('\n')}\n`)).toEqual({ others: `${text}\n`, ports: 4, told: 4 });
  expect(await sifted(lines.slice(0, -1).join('\n'))).toMatchObject({ others: text, ports: 3 });
});

test.for([
  { end: '', others: '', ports: 0 },
  { end: '\n', others: '\n', ports: 0 },
  { end: '{"type":"scan.po', others: '{"type":"scan.po', ports: 0 },
  { end: port, others: '', ports: 1 },
])('a file may end with "$end"', async ({ end, others, ports }) => {
  expect(await sifted(end)).toMatchObject({ others, ports });
  expect(await sifted(`${port}\n${end}`)).toMatchObject({ others, ports: ports + 1 });
});

test('a line may span two chunks', async () => {
  const chunk = 1_048_576;
  const other = '{"type":"scan.host","run_id":"r","addr":"192.0.2.1"}\n';
  for (const line of [other, `${port}\n`]) {
    for (let before = 0; before <= line.length; before++) {
      const filler = `${'x'.repeat(chunk - before - 1)}\n`;
      const { others, ports } = await sifted(filler + line + other);
      const isOther = line === other;
      expect(ports, `${before}`).toBe(isOther ? 0 : 1);
      expect(others === filler + (isOther ? line : '') + other, `${before}`).toBe(true);
    }
  }
});

test('a line may be longer than a chunk', async () => {
  const long = 'x'.repeat(3_000_000);
  const text = `${port}${long}\n{${long}\n${port}\n`;
  const { others, ports } = await sifted(text);
  expect(ports).toBe(2);
  expect(others === `{${long}\n`).toBe(true);
});
