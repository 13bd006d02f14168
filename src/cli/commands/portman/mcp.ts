import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { packageVersion } from '../../../app.ts';
import type { Io } from '../../io.ts';
import { withRegistry } from './registry-command.ts';

export function define(command: Command): void {
  command
    .option('--allow-kill', 'also offer a tool that stops the listener on a port')
    .addHelpText(
      'after',
      '\nSpeaks the Model Context Protocol on stdin and stdout; a client starts it.\n' +
        '\nExample, in the configuration of an agent:\n' +
        '  {"mcpServers": {"portman": {"command": "portman", "args": ["mcp"]}}}',
    );
}

/** Serves the registry to an agent until it closes the connection. */
export async function run(
  io: Io,
  _: readonly unknown[],
  { allowKill = false }: { readonly allowKill?: boolean },
): Promise<void> {
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
  const { mcpServer } = await import('../../../portman/mcp.ts');
  await withRegistry(io, async (registry) => {
    const server = mcpServer(registry, { version: packageVersion(), allowKill });
    await server.connect(new StdioServerTransport(io.stdin, io.stdout));
    try {
      await finished(io.stdin, { signal: io.signal, writable: false, cleanup: true });
    } catch (error) {
      if (!io.signal.aborted) throw error;
    } finally {
      await server.close();
    }
  });
}
