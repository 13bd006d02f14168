/**
 * Requests ports when it is told to (a line on stdin), prints them, and holds them until its input
 * ends: one of many processes that do so at once.
 */
import { once } from 'node:events';
import { openRegistry } from '../../src/portman/registry.ts';
import { findProcess } from '../../src/listeners/list-listeners.ts';
import { requestPorts } from '../../src/portman/request.ts';

const [, , path, name, start, end] = process.argv;
process.stdout.write('ready\n');
await once(process.stdin, 'data');
using registry = await openRegistry(path!);
const rows = await requestPorts(registry, {
  count: 20,
  project: name!,
  start: Number(start),
  end: Number(end),
  owner: await findProcess(process.pid),
});
process.stdout.write(`${JSON.stringify(rows.map(({ number }) => number))}\n`);
await once(process.stdin, 'end');
