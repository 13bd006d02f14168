import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemCode } from '../errors.ts';

/** Ports of common services: given out only by number. */
export const skippedPorts: readonly number[] = [21, 22, 25, 80, 443, 3306, 5432, 6379, 27017];

/** A range of ports, both ends included. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** How ports are chosen: the lowest, a run without gaps, or random ones. */
export type PortOrder = 'lowest' | 'sequential' | 'random';

/**
 * The kernel's ephemeral range: an outgoing connection may take any of its ports at any moment, so
 * none is given out. RFC 6335's range where the system does not tell.
 */
export function ephemeralRange(): PortRange {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
    const [start, end] = text.trim().split(/\s+/).map(Number);
    if (start !== undefined && end !== undefined && start > 0) return { start, end };
  } catch {
    // Not Linux.
  }
  return { start: 49_152, end: 65_535 };
}

/** A test for ports that are not given out: well-known ones, the kernel's, and some others. */
export function leftOut(others: readonly number[]): (port: number) => boolean {
  const named = new Set([...skippedPorts, ...others]);
  const { start, end } = ephemeralRange();
  return (port) => named.has(port) || (port >= start && port <= end);
}

/**
 * Chooses ports from a range.
 *
 * @param request.isTaken whether a port must not be chosen
 * @returns `count` ports in the order they were chosen, or undefined where there are not so many
 */
export function choosePorts({
  count,
  range,
  order,
  isTaken,
}: {
  count: number;
  range: PortRange;
  order: PortOrder;
  isTaken: (port: number) => boolean;
}): number[] | undefined {
  const free: number[] = [];
  for (let port = range.start; port <= range.end; port++) {
    if (isTaken(port)) {
      if (order === 'sequential') free.length = 0;
      continue;
    }
    free.push(port);
    if (order !== 'random' && free.length === count) return free;
  }
  return order === 'random' && free.length >= count ? pick(free, count) : undefined;
}

function pick(from: number[], count: number): number[] {
  const picked: number[] = [];
  for (let i = 0; i < count; i++) {
    const [port] = from.splice(randomInt(0, from.length), 1);
    if (port !== undefined) picked.push(port);
  }
  return picked;
}

/** Every way to ask for a port: one that is taken on `::1` looks free on `127.0.0.1`. */
const families = ['127.0.0.1', '0.0.0.0', '::1', '::'] as const;

/**
 * Whether a port can be bound on every family, at this moment: a probe is not a reservation. It
 * listens on each family for an instant.
 */
export async function canBind(port: number): Promise<boolean> {
  for (const host of families) {
    if (!(await canListen(port, host))) return false;
  }
  return true;
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      // A machine without IPv6 has nobody there either.
      resolve(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(systemCode(error) ?? ''));
    });
    server.listen({ port, host, exclusive: true, ipv6Only: host.includes(':') }, () => {
      server.close(() => resolve(true));
    });
  });
}
