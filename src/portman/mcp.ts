import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { AppError, messageOf } from '../errors.ts';
import { findProcess } from '../listeners/list-listeners.ts';
import { killPort } from './kill.ts';
import { lookAtPorts } from './port-state.ts';
import { releasePorts } from './release.ts';
import type { Registry } from './registry.ts';
import { withoutOwner } from './reservation.ts';
import { requestPorts } from './request.ts';
import { reservePorts } from './reserve.ts';

const port = z.number().int().min(1).max(65_535);
const ports = z.array(port).min(1).max(1000);
const project = z.string().min(1).max(200).describe('the project that the ports are for');
const claim = {
  project,
  description: z.string().max(1000).optional().describe('what the port is for'),
  tags: z.array(z.string().max(100)).max(50).optional(),
  auto_release: z.boolean().optional().describe('release it as soon as its listener is gone'),
};

/**
 * The registry as tools of the Model Context Protocol. This process holds what an agent reserves: after
 * the agent is gone, it becomes stale. An agent can only release ports of the project that it names,
 * and only kill if `allowKill` is set.
 *
 * @example await mcpServer(registry, { version: '1.0.0' }).connect(new StdioServerTransport())
 */
export function mcpServer(
  registry: Registry,
  { version, allowKill = false }: { version: string; allowKill?: boolean },
): McpServer {
  const server = new McpServer({ name: 'portman', version });
  addReadingTools(server, registry);
  addWritingTools(server, registry);
  if (!allowKill) return server;
  server.registerTool(
    'kill_port',
    {
      description:
        'Stops the processes that listen on a local TCP port (SIGTERM, then SIGKILL), never its clients.',
      inputSchema: { port },
      annotations: { destructiveHint: true },
    },
    (input, { signal }) => answer(() => killPort(registry, input.port, { signal })),
  );
  return server;
}

function addReadingTools(server: McpServer, registry: Registry): void {
  const annotations = { readOnlyHint: true };
  server.registerTool(
    'check_port',
    {
      description:
        'Tells whether a local port is free, which project has reserved it, and who listens.',
      inputSchema: { port },
      annotations,
    },
    (input) => answer(async () => (await lookAtPorts(registry, { ports: [input.port] })).states[0]),
  );
  server.registerTool(
    'list_ports',
    {
      description: 'Lists reserved local ports with their project, state and listeners.',
      inputSchema: { project: project.optional() },
      annotations,
    },
    (input) =>
      answer(async () => {
        const { states } = await lookAtPorts(registry);
        if (!input.project) return states;
        return states.filter(({ reservation }) => reservation?.projectName === input.project);
      }),
  );
  server.registerTool(
    'who_listens',
    {
      description:
        'Lists every listening socket of this machine (or of one port) with process and user.',
      inputSchema: { port: port.optional() },
      annotations,
    },
    (input) =>
      answer(async () => {
        const which = input.port === undefined ? { unmanaged: true } : { ports: [input.port] };
        const { states } = await lookAtPorts(registry, which);
        return states.filter(({ listeners }) => listeners.length > 0);
      }),
  );
}

function addWritingTools(server: McpServer, registry: Registry): void {
  server.registerTool(
    'request_ports',
    {
      description: 'Reserves a number of free local ports for a project, all or none.',
      inputSchema: {
        ...claim,
        count: z.number().int().min(1).max(100).default(1),
        start: port.optional(),
        end: port.optional(),
        sequential: z.boolean().optional().describe('consecutive ports'),
      },
    },
    ({ sequential, auto_release: autoRelease, ...rest }) =>
      answer(async () => {
        const order = sequential ? 'sequential' : 'lowest';
        const owner = await findProcess(process.pid);
        const rows = await requestPorts(registry, { ...rest, autoRelease, order, owner });
        return rows.map(withoutOwner);
      }),
  );
  server.registerTool(
    'reserve_ports',
    {
      description: 'Reserves the given local ports for a project, all or none.',
      inputSchema: { ...claim, ports },
    },
    ({ auto_release: autoRelease, ...rest }) =>
      answer(async () => {
        const owner = await findProcess(process.pid);
        const rows = await reservePorts(registry, { ...rest, autoRelease, owner });
        return rows.map(withoutOwner);
      }),
  );
  server.registerTool(
    'release_ports',
    {
      description: 'Releases reservations of a project, all or none. Listeners are not stopped.',
      inputSchema: { project, ports, force: z.boolean().optional() },
      annotations: { destructiveHint: true },
    },
    (input) => answer(async () => ({ released: await releasePorts(registry, input) })),
  );
}

/** The result of a tool as JSON, or the error with its code, so that the agent can continue. */
async function answer(work: () => Promise<unknown>): Promise<CallToolResult> {
  try {
    return { content: [{ type: 'text', text: JSON.stringify(await work(), null, 2) }] };
  } catch (error) {
    const refusal =
      error instanceof AppError
        ? { code: error.code, message: error.message, details: error.details }
        : { code: 'UNEXPECTED', message: messageOf(error) };
    return { isError: true, content: [{ type: 'text', text: JSON.stringify({ error: refusal }) }] };
  }
}
