import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { formatAddress } from '../../core/address.ts';
import type { Transport } from '../../core/states.ts';
import { systemCode } from '../../errors.ts';
import type { Listener } from '../listener.ts';

/** A listener as the kernel's table shows it, without its processes. */
export type Socket = Omit<Listener, 'pids'> & { readonly inode: string };

const tables: readonly { file: string; transport: Transport }[] = [
  { file: 'tcp', transport: 'tcp' },
  { file: 'tcp6', transport: 'tcp' },
  { file: 'udp', transport: 'udp' },
  { file: 'udp6', transport: 'udp' },
];

/** `TCP_LISTEN`; a UDP socket without a peer is in `TCP_CLOSE` (linux/net/tcp_states.h). */
const waiting = { tcp: '0A', udp: '07' } as const;

/**
 * The listening sockets of this process's network namespace, every user's, from `/proc/net`
 * (proc_pid_net(5)): about a millisecond.
 */
export function readSockets(root = '/proc'): Socket[] {
  return tables.flatMap(({ file, transport }) =>
    parseSocketTable(readTable(`${root}/net/${file}`), transport),
  );
}

/** Parses one table; lines that are not understood are left out. */
export function parseSocketTable(text: string, transport: Transport): Socket[] {
  const sockets: Socket[] = [];
  for (const line of text.split('\n')) {
    const [, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== waiting[transport] || local === undefined || inode === undefined) continue;
    const [hex = '', hexPort = ''] = local.split(':');
    const port = /^[0-9A-F]{1,4}$/i.test(hexPort) ? Number.parseInt(hexPort, 16) : 0;
    const address = parseKernelAddress(hex);
    if (address === undefined || port === 0) continue;
    sockets.push({ transport, address, port, uid: Number(uid), inode });
  }
  return sockets;
}

/** The kernel prints an address as 32-bit words in the byte order of the machine. */
function parseKernelAddress(hex: string): string | undefined {
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  const text = (endianness() === 'LE' ? bytes.swap32() : bytes).toString('hex');
  const isIPv4 = text.length === 8 || text.startsWith('00000000000000000000ffff');
  return formatAddress({
    family: isIPv4 ? 4 : 6,
    value: BigInt(`0x${isIPv4 ? text.slice(-8) : text}`),
  });
}

/** A kernel without IPv6 has no such table. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
