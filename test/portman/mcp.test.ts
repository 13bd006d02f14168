import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, listenHere, registryWithRange, startListener } from './fixtures.ts';
import { bin, portman } from './portman.ts';

async function connect(path: string, ...argv: string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [bin, 'mcp', ...argv],
      env: { PORTKEEPER_DB_PATH: path, PATH: process.env['PATH'] ?? '' },
    }),
  );
  onTestFinished(() => client.close());
  return client;
}

async function call(client: Client, name: string, input: object): Promise<unknown> {
  const result = await client.callTool({ name, arguments: { ...input } });
  const [content] = result.content as { text: string }[];
  return JSON.parse(content!.text) as unknown;
}

test('a client of the protocol uses every tool', async () => {
  const path = await registryWithRange();
  const client = await connect(path, '--allow-kill');
  const { tools } = await client.listTools();
  const used = new Set<string>();
  const use = (name: string, input: object = {}): Promise<unknown> => {
    used.add(name);
    return call(client, name, input);
  };
  const port = await freePort();
  expect(await use('check_port', { port })).toMatchObject({ port, status: 'free' });
  expect(await use('reserve_ports', { ports: [port], project: 'agent' })).toMatchObject([
    { number: port, status: 'reserved' },
  ]);
  const requested = (await use('request_ports', { count: 2, project: 'agent' })) as object[];
  expect(requested).toHaveLength(2);
  expect(await use('list_ports', { project: 'agent' })).toHaveLength(3);
  expect(await use('list_ports', { project: 'other' })).toEqual([]);
  const foreign = await use('release_ports', { project: 'other', ports: [port] });
  expect(foreign).toMatchObject({ error: { code: 'PORT_RESERVED' } });
  expect(await use('release_ports', { project: 'agent', ports: [port] })).toEqual({
    released: [port],
  });
  const server = await startListener(port);
  expect(await use('who_listens', { port })).toMatchObject([
    { port, unmanaged: true, listeners: [{ pid: server.pid }] },
  ]);
  expect(await use('who_listens')).toContainEqual(expect.objectContaining({ port }));
  expect(await use('kill_port', { port })).toMatchObject({ port, signal: 'SIGTERM' });
  expect(await use('kill_port', { port })).toMatchObject({ error: { code: 'PROCESS_KILL_ERROR' } });
  expect(used).toEqual(new Set(tools.map(({ name }) => name)));
  const wrong = await client.callTool({ name: 'check_port', arguments: { port: 99_999 } });
  expect(wrong.isError).toBe(true);
});

test('without the flag there is no tool that kills', async () => {
  const client = await connect(await registryWithRange());
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).not.toContain('kill_port');
  const port = await listenHere();
  const result = await client.callTool({ name: 'kill_port', arguments: { port } });
  expect(result.isError).toBe(true);
});

test('what an agent reserved is stale once the agent is gone', async () => {
  const path = await registryWithRange();
  const client = await connect(path);
  await call(client, 'request_ports', { project: 'agent' });
  const stale = async (): Promise<unknown> =>
    JSON.parse((await portman(path, ['stale', '--grace', '0', '--json'])).stdout);
  expect(await stale()).toEqual([]);
  await client.close();
  expect(await stale()).toMatchObject([{ projectName: 'agent', reason: 'owner-gone' }]);
});
