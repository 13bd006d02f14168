import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { formatAddress } from '../../core/address.ts';
import type { Transport } from '../../core/states.ts';
import { systemCode } from '../../errors.ts';
import type { Listener } from '../listener.ts';

/** A listener as the kernel's table shows it, before its processes are looked for. */
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
  const words = hex.match(/.{8}/g)!;
  const bytes = words
    .map((word) => (endianness() === 'LE' ? word.match(/../g)!.reverse().join('') : word))
    .join('');
  const family = hex.length === 8 ? 4 : 6;
  const mapped = family === 6 && bytes.toLowerCase().startsWith('00000000000000000000ffff');
  return formatAddress({
    family: mapped ? 4 : family,
    value: BigInt(`0x${mapped ? bytes.slice(24) : bytes}`),
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
