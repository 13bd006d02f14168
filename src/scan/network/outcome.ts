import type { Transport } from '../../core/states.ts';

/**
 * What became of one probe, as a small number, so that a host's ports are an array of bytes. What
 * it says about the port is in `port-state.ts`. `localFault` and `selfConnect` say nothing: the
 * probe is repeated.
 */
export const outcome = {
  pending: 0,
  open: 1,
  refused: 2,
  noResponse: 3,
  hostUnreachable: 4,
  netUnreachable: 5,
  adminProhibited: 6,
  protocolUnreachable: 7,
  destinationUnreachable: 8,
  datagram: 9,
  portUnreachable: 10,
  /** Nothing certain: not probed to the end, or this machine was never able to send. */
  unknown: 11,
  localFault: 12,
  selfConnect: 13,
} as const;

export type Outcome = (typeof outcome)[keyof typeof outcome];

/** Number of outcomes: the length of a table indexed by them. */
export const outcomeCount = 14;

/** What the errno of a TCP connect means. Codes that are not here say nothing certain. */
const tcpErrnos: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: outcome.refused,
  ETIMEDOUT: outcome.noResponse,
  EHOSTDOWN: outcome.noResponse,
  EHOSTUNREACH: outcome.hostUnreachable,
  ENETUNREACH: outcome.netUnreachable,
  ENETDOWN: outcome.netUnreachable,
  EACCES: outcome.adminProhibited,
  EPERM: outcome.adminProhibited,
  ENOPROTOOPT: outcome.protocolUnreachable,
  ENONET: outcome.destinationUnreachable,
  // The connection was established, and reset before the poll.
  ECONNRESET: outcome.open,
  EPIPE: outcome.open,
  EMFILE: outcome.localFault,
  ENFILE: outcome.localFault,
  ENOBUFS: outcome.localFault,
  ENOMEM: outcome.localFault,
  EADDRNOTAVAIL: outcome.localFault,
  EADDRINUSE: outcome.localFault,
  // Linux, where another call already took the cause: ask again.
  ECONNABORTED: outcome.localFault,
};

/** What differs for a datagram: a refusal is an ICMP port unreachable. */
const udpErrnos: Readonly<Record<string, Outcome>> = {
  ...tcpErrnos,
  ECONNREFUSED: outcome.portUnreachable,
  ECONNRESET: outcome.portUnreachable,
  EAGAIN: outcome.localFault,
};

/**
 * The outcome of a system call that failed.
 *
 * @param errno the code's name (`ECONNREFUSED`, …)
 */
export function outcomeOfErrno(errno: string | undefined, transport: Transport): Outcome {
  const table = transport === 'tcp' ? tcpErrnos : udpErrnos;
  return table[errno ?? ''] ?? outcome.unknown;
}

/** Whether the port itself answered, not a device on the way: then its host is up. */
export function isHostAnswer(result: number): boolean {
  return (
    result === outcome.open ||
    result === outcome.refused ||
    result === outcome.datagram ||
    result === outcome.portUnreachable
  );
}

/** Whether the port is open. */
export function isOpen(result: number): boolean {
  return result === outcome.open || result === outcome.datagram;
}
