import { execFile } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { workThrough } from './work-through.ts';

/** How long one echo request waits for its reply, s: the least that every `ping` accepts. */
const waitSeconds = 1;

/** More at once than this would be a burst of processes. */
const atOnce = 32;

/**
 * Pings hosts with the system's `ping`, one echo request each, some at a time. (Raw ICMP sockets
 * need privileges; `ping` has them.)
 *
 * @returns the addresses that replied; undefined where this system has no `ping` that works
 */
export async function pingHosts(
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const replied = new Set<string>();
  let isMissing = false;
  await workThrough(addresses, atOnce, async (address) => {
    if (isMissing || signal.aborted) return false;
    const outcome = await ping(address, signal);
    if (outcome === 'missing') isMissing = true;
    if (outcome === 'reply') replied.add(address);
    return true;
  });
  return isMissing ? undefined : replied;
}

function ping(address: string, signal: AbortSignal): Promise<'reply' | 'silence' | 'missing'> {
  const wait = process.platform === 'darwin' ? `${waitSeconds * 1000}` : `${waitSeconds}`;
  const args =
    process.platform === 'win32'
      ? ['-n', '1', '-w', `${waitSeconds * 1000}`, address]
      : ['-n', '-c', '1', '-W', wait, address];
  const program = process.platform === 'darwin' && isIPv6(address) ? 'ping6' : 'ping';
  return new Promise((resolve) => {
    execFile(program, args, { signal, timeout: 5000, windowsHide: true }, (error) => {
      if (!error) resolve('reply');
      else if (error.code === 'ENOENT' || error.code === 'EACCES') resolve('missing');
      else resolve('silence');
    });
  });
}
