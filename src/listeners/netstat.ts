import type { Listener } from './listener.ts';
import { runSocketTool } from './socket-tool.ts';

/** Listeners as Windows' own netstat lists them. */
export async function listWithNetstat(signal: AbortSignal): Promise<Listener[]> {
  return parseNetstat(await runSocketTool('netstat.exe', ['-ano'], { signal }));
}

/** The peer of a socket without one: a TCP listener's, and a UDP socket's. */
const noPeer = new Set(['0.0.0.0:0', '[::]:0', '*:*']);

/**
 * Parses `netstat -ano`. The words for the states are in the user's language, so a listener is
 * recognized by its peer; the pid is the last column.
 */
export function parseNetstat(text: string): Listener[] {
  const found = new Map<string, Listener>();
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [protocol = '', local = '', peer = ''] = fields;
    if (!/^(TCP|UDP)$/i.test(protocol) || !noPeer.has(peer)) continue;
    const [, host = '', port] = /^(.*):(\d+)$/.exec(local) ?? [];
    const pid = Number(fields.at(-1));
    if (port === undefined || !Number.isInteger(pid)) continue;
    const transport = /^TCP$/i.test(protocol) ? 'tcp' : 'udp';
    const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
    const key = `${transport} ${local}`;
    const pids = [...new Set([...(found.get(key)?.pids ?? []), pid])].sort((a, b) => a - b);
    found.set(key, { transport, address, port: Number(port), pids });
  }
  return [...found.values()];
}
