import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { findProcess } from '../../src/listeners/list-listeners.ts';
import { readHistory } from '../../src/portman/history.ts';
import { reservePorts } from '../../src/portman/reserve.ts';
import { type PortChange, watchPorts } from '../../src/portman/watch.ts';
import { ended, freePort, startListener, startProgram, temporaryRegistry } from './fixtures.ts';
import { portman } from './portman.ts';

test('a watch tells when a port is used, stops, is released, and when somebody takes it', async () => {
  const registry = await temporaryRegistry();
  const [auto, guarded] = [await freePort(), await freePort()];
  const holder = await startProgram('console.log("ready"); setInterval(() => {}, 1000)');
  const owner = await findProcess(holder.pid!);
  const stop = new AbortController();
  const seen: PortChange[] = [];
  const watching = (async () => {
    for await (const { changes } of watchPorts(registry, {
      intervalMs: 50,
      signal: stop.signal,
    })) {
      seen.push(...changes);
    }
  })();
  const until = async (kind: PortChange['kind'], port: number): Promise<PortChange> => {
    for (;;) {
      const found = seen.find((each) => each.kind === kind && each.port === port);
      if (found) return found;
      await sleep(20);
    }
  };
  await reservePorts(registry, { ports: [auto], project: 'a', autoRelease: true });
  await reservePorts(registry, { ports: [guarded], project: 'b', owner });
  await until('reserved', guarded);
  const server = await startListener(auto);
  expect(await until('in-use', auto)).toMatchObject({ project: 'a', pid: server.pid });
  const thief = await startListener(guarded);
  expect(await until('taken', guarded)).toMatchObject({ project: 'b', pid: thief.pid });
  server.kill();
  await until('released', auto);
  thief.kill();
  await ended(thief);
  await until('left', guarded);
  stop.abort();
  await watching;
});

test('on a terminal it is a live table, elsewhere one line a change', async () => {
  const registry = await temporaryRegistry();
  const port = await freePort();
  await reservePorts(registry, { ports: [port], project: 'shop' });
  const stop = new AbortController();
  const settings = { signal: stop.signal };
  const lines = portman(registry.path, ['watch', '--interval', '50', '--json'], settings);
  const screen = portman(registry.path, ['watch', '--interval', '50'], {
    ...settings,
    columns: 100,
  });
  await sleep(300);
  await startListener(port);
  while (readHistory(registry, { port })[0]!.action !== 'in-use') await sleep(20);
  await sleep(300);
  stop.abort();
  const json = (await lines).stdout.trim().split('\n');
  expect(json.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { port, kind: 'in-use', project: 'shop', process: 'node' },
  ]);
  const { stdout } = await screen;
  expect(stdout).toContain('\u001b[H\u001b[2J');
  expect(stripVTControlCharacters(stdout)).toMatch(/PORT +STATUS +PROJECT/);
  expect(stdout).toMatch(new RegExp(`${port} {2}in use {2}\\(shop\\): node`));
  expect(stdout.endsWith('\u001b[?25h')).toBe(true);
});
