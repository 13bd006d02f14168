/** Listens on a port, and has a child of its own try to kill that port. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { openRegistry } from '../../src/portman/registry.ts';
import { killPort } from '../../src/portman/kill.ts';

const [, , path, port, role] = process.argv;
if (role === 'child') {
  using registry = await openRegistry(path!);
  const outcome = await killPort(registry, Number(port)).catch((error: unknown) => String(error));
  process.stdout.write(JSON.stringify(outcome));
} else {
  const server = createServer().listen(Number(port), '127.0.0.1', () => {
    const argv = [import.meta.filename, path!, port!, 'child'];
    process.stdout.write(execFileSync(process.execPath, argv));
    server.close();
  });
}
