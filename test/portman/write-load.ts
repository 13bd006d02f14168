/** Reserves and releases ten ports at a time, without a pause, until it is killed. */
import { openRegistry } from '../../src/portman/registry.ts';
import { releasePorts } from '../../src/portman/release.ts';
import { requestPorts } from '../../src/portman/request.ts';

const [, , path] = process.argv;
using registry = await openRegistry(path!);
for (let round = 0; ; round++) {
  const rows = await requestPorts(registry, {
    count: 10,
    project: `round ${round}`,
    start: 11_000,
    end: 15_000,
  });
  if (round === 3) process.stdout.write('ready\n');
  if (round % 3 !== 0) continue;
  await releasePorts(registry, { ports: rows.map(({ number }) => number) });
}
