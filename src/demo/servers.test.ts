import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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

test('a process that has probed every server exits', async () => {
  const servers = await startDemoServers();
  const code = `
    import { probeLoopback } from './test/servers/target.ts';
    const ports = [${servers.map(({ port }) => port).join()}];
    const runs = await Promise.all(ports.map((port) => probeLoopback(port, { limits: { stepMs: 4000 } })));
    process.stdout.write(String(runs.length));`;
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', code],
      { cwd: new URL('../..', import.meta.url), timeout: 60_000 },
    );
    expect(stdout).toBe('5');
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});
