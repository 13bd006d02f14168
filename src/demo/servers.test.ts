import { expect, test } from 'vitest';
import { probeLoopback } from '../../test/servers/target.ts';
import { startDemoServers } from './servers.ts';

test('a probe recognises every server of the demo, and each can be closed', async () => {
  const servers = await startDemoServers();
  try {
    const found = await Promise.all(
      servers.map(async ({ name, port }) => {
        const limits = { greetingMs: 1000, stepMs: 4000, totalMs: 20_000 };
        const { result } = await probeLoopback(port, { limits });
        return [name, result.service.product, result.faults, result.endpoints[0]?.favicon_hash];
      }),
    );
    expect(found).toEqual([
      ['http', 'nginx', [], expect.any(Number)],
      ['https', 'Apache httpd', [], expect.any(Number)],
      ['ssh', 'OpenSSH', [], undefined],
      ['smtp', 'Postfix', [], undefined],
      ['redis', 'Redis', [], undefined],
    ]);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});
