import { execFile } from 'node:child_process';
import type { Transport } from '../core/states.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Listener } from './listener.ts';

/** Listeners as lsof(8) shows them: macOS, and other systems without `/proc`. */
export async function listWithLsof(signal: AbortSignal): Promise<Listener[]> {
  const [tcp, udp] = await Promise.all([
    // A selection by state hides everything that has none, so UDP is asked for by itself.
    runLsof(['-iTCP', '-sTCP:LISTEN'], signal),
    runLsof(['-iUDP'], signal),
  ]);
  return parseLsof(`${tcp}\n${udp}`);
}

/**
 * lsof itself selects the listening state, so that no word of its output is matched; numbers
 * instead of names (`-n`, `-P`), one field a line (`-F`).
 */
function runLsof(selection: readonly string[], signal: AbortSignal): Promise<string> {
  const args = ['-nP', ...selection, '-F', 'putPn'];
  return new Promise((resolve, reject) => {
    const options = { signal, maxBuffer: 64 * 1024 * 1024 };
    execFile('lsof', args, options, (error, stdout) => {
      // It ends with 1 where it found nothing, or could not look at some process.
      if (!error || error.code === 1) resolve(stdout);
      else if (signal.aborted) reject(error);
      else {
        reject(
          new AppError('UNSUPPORTED', `cannot list listeners with lsof: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      }
    });
  });
}

/** Parses `-F putPn`: a letter, then the value; `p` begins a process, `f` a descriptor. */
export function parseLsof(text: string): Listener[] {
  const found = new Map<string, { listener: Listener; pids: Set<number> }>();
  let pid = 0;
  let uid: number | undefined;
  let family = '';
  let transport: Transport = 'tcp';
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = Number(value);
    else if (line.startsWith('u')) uid = Number(value);
    else if (line.startsWith('t')) family = value;
    else if (line.startsWith('P')) transport = value === 'UDP' ? 'udp' : 'tcp';
    else if (line.startsWith('n') && !value.includes('->')) {
      const place = parsePlace(value, family);
      if (!place) continue;
      const key = `${transport} ${place.address} ${place.port} ${uid}`;
      const known = found.get(key);
      if (known) known.pids.add(pid);
      else {
        found.set(key, {
          listener: { transport, ...place, uid, pids: [] },
          pids: new Set([pid]),
        });
      }
    }
  }
  return [...found.values()].map(({ listener, pids }) => ({
    ...listener,
    pids: [...pids].sort((a, b) => a - b),
  }));
}

/** `*:80`, `127.0.0.1:80`, `[::1]:80`. */
function parsePlace(text: string, family: string): { address: string; port: number } | undefined {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(text) ?? [];
  if (port === undefined) return undefined;
  const wildcard = family === 'IPv6' ? '::' : '0.0.0.0';
  const address = host === '*' ? wildcard : host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  return { address, port: Number(port) };
}
