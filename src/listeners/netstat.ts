import { execFile } from 'node:child_process';
import type { Transport } from '../core/states.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Listener } from './listener.ts';

/** Listeners as Windows' own netstat shows them. */
export function listWithNetstat(signal: AbortSignal): Promise<Listener[]> {
  return new Promise((resolve, reject) => {
    const options = { signal, windowsHide: true, maxBuffer: 64 * 1024 * 1024 };
    execFile('netstat.exe', ['-ano'], options, (error, stdout) => {
      if (!error) resolve(parseNetstat(stdout));
      else if (signal.aborted) reject(error);
      else {
        reject(
          new AppError('UNSUPPORTED', `cannot list listeners with netstat: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      }
    });
  });
}

/** What stands for "no peer": of a TCP listener, and of a UDP socket. */
const noPeer = new Set(['0.0.0.0:0', '[::]:0', '*:*']);

/**
 * Parses `netstat -ano`. The words for the states are in the user's language, so a listener is
 * known by its peer, not by a word; the pid is the last column.
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
    const transport = protocol.toLowerCase() as Transport;
    const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
    const key = `${transport} ${local}`;
    const pids = [...new Set([...(found.get(key)?.pids ?? []), pid])].sort((a, b) => a - b);
    found.set(key, { transport, address, port: Number(port), pids });
  }
  return [...found.values()];
}
