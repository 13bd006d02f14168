import { AppError } from '../errors.ts';
import type { Transport } from './states.ts';
import { topTcpPorts, topUdpPorts } from './top-ports.ts';

/** The ports of a scan, by transport, each list ascending and without doubles. */
export interface PortSet {
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/**
 * Parses a port list as nmap users write it: `80,443,8000-8100`, `-` for all, `-1023`, `60000-`,
 * `T:80,443,U:53` (a prefix holds until the next one; without one, TCP).
 *
 * @throws AppError INVALID_PORTS
 * @example parsePorts('22,T:8000-8001,U:53') // { tcp: [22, 8000, 8001], udp: [53] }
 */
export function parsePorts(text: string): PortSet {
  if (text === latest?.text) return latest.ports;
  const ports = readPorts(text);
  latest = { text, ports };
  return ports;
}

/** Caches a scan's long list, because several parts of the program plan the scan. */
let latest: { readonly text: string; readonly ports: PortSet } | undefined;

function readPorts(text: string): PortSet {
  const chosen = { tcp: new Uint8Array(65_536), udp: new Uint8Array(65_536) };
  let transport: Transport = 'tcp';
  for (const word of text.split(',')) {
    const [, prefix, part = ''] = /^\s*(?:([TU]):)?\s*(.*?)\s*$/i.exec(word) ?? [];
    if (prefix) transport = prefix.toUpperCase() === 'U' ? 'udp' : 'tcp';
    const [first, last] = parseRange(text, part);
    chosen[transport].fill(1, first, last + 1);
  }
  return { tcp: portsOf(chosen.tcp), udp: portsOf(chosen.udp) };
}

function parseRange(text: string, part: string): [number, number] {
  const match = /^(\d{1,5})?(-)?(\d{1,5})?$/.exec(part);
  if (!match || part === '') {
    throw new AppError(
      'INVALID_PORTS',
      `"${part}" in "${text}" is not a port or range (examples: 80,443,8000-8100; -; T:80,U:53)`,
    );
  }
  const [, from, dash, to] = match;
  const first = from === undefined ? 1 : Number(from);
  const last = to === undefined ? (dash ? 65_535 : first) : Number(to);
  if (first < 1 || last > 65_535) {
    throw new AppError('INVALID_PORTS', `"${part}" in "${text}": a port is 1 to 65535`);
  }
  if (last < first) throw new AppError('INVALID_PORTS', `"${part}" ends before it starts`);
  return [first, last];
}

/**
 * The ports that are most often found open, most common first.
 *
 * @throws AppError INVALID_PORTS if the list is shorter
 */
export function topPorts(count: number, transport: Transport = 'tcp'): PortSet {
  const list = transport === 'tcp' ? topTcpPorts : topUdpPorts;
  if (!Number.isInteger(count) || count < 1 || count > list.length) {
    throw new AppError(
      'INVALID_PORTS',
      `--top-ports takes 1 to ${list.length} for ${transport}, not ${count}; ` +
        'use "-p -" for all 65,535',
    );
  }
  const ports = ascending(list.slice(0, count));
  return transport === 'tcp' ? { tcp: ports, udp: [] } : { tcp: [], udp: ports };
}

/** The text of a port set that {@link parsePorts} reads back: `22,80-81,U:53`. */
export function formatPorts({ tcp, udp }: PortSet): string {
  const parts = [formatRuns(tcp), udp.length > 0 ? `U:${formatRuns(udp)}` : ''];
  return parts.filter((part) => part !== '').join(',');
}

function formatRuns(ports: readonly number[]): string {
  return portRuns(ports)
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',');
}

/** Ascending ports as ranges: all 65,535 form one range. */
export function portRuns(ports: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const port of ports) {
    const run = runs.at(-1);
    if (run?.last === port - 1) run.last = port;
    else runs.push({ first: port, last: port });
  }
  return runs;
}

/** The ports whose flag is set. */
function portsOf(flags: Uint8Array): number[] {
  const ports: number[] = [];
  for (let port = 0; port < flags.length; port++) if (flags[port]) ports.push(port);
  return ports;
}

function ascending(ports: Iterable<number>): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}
