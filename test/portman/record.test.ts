import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portolan } from '../cli.ts';

test('recorded listeners have a history: open while somebody listens, closed afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-record-'));
  const db = join(folder, 'results.db');
  const env = { PORTKEEPER_DB_PATH: join(folder, 'ports.db'), PORTOLAN_DB: db };
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const record = async (): Promise<void> => {
    const { status, stderr } = await portolan(['portman', 'scan', '--record'], { env });
    expect([status, stderr]).toEqual([0, expect.stringContaining(`saved to ${db}`)]);
  };
  const stateNow = async (): Promise<unknown> => {
    const words = ['ports', '127.0.0.1', '--port', String(port), '--json'];
    const rows = JSON.parse((await portolan(words, { env })).stdout) as { state: string }[];
    return rows.map(({ state }) => state);
  };
  await record();
  expect(await stateNow()).toEqual(['open']);
  server.close();
  await once(server, 'close');
  await record();
  expect(await stateNow()).toEqual(['closed']);
});
