import type { Transport } from '../core/states.ts';
import type { Listener } from './listener.ts';
import { runSocketTool } from './socket-tool.ts';

/**
 * Listeners as lsof(8) lists them: macOS, and other systems without `/proc`. lsof itself selects the
 * listening state, so no word of its output is matched; numbers instead of names (`-n`, `-P`), one
 * field per line (`-F`).
 */
export async function listWithLsof(signal: AbortSignal): Promise<Listener[]> {
  const selections = [
    // A selection by state hides everything without one, so UDP needs its own call.
    ['-iTCP', '-sTCP:LISTEN'],
    ['-iUDP'],
  ];
  const texts = await Promise.all(
    selections.map((selection) => {
      // lsof also ends with 1 where it could not read some process.
      const args = ['-nP', ...selection, '-F', 'putPn'];
      return runSocketTool('lsof', args, { signal, emptyStatus: 1 });
    }),
  );
  return parseLsof(texts.join('\n'));
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
