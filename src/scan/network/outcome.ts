import type { PortState, Reason, Transport } from '../../core/states.ts';

/**
 * What became of one probe, as a small number, so that a host's ports are an array of bytes.
 * `localFault` and `selfConnect` say nothing about the port: the probe is put back.
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
  /** Nothing can be said: not asked to the end, or this machine could never ask. */
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
  // The connection stood, and was torn down before anybody looked.
  ECONNRESET: outcome.open,
  EPIPE: outcome.open,
  EMFILE: outcome.localFault,
  ENFILE: outcome.localFault,
  ENOBUFS: outcome.localFault,
  ENOMEM: outcome.localFault,
  EADDRNOTAVAIL: outcome.localFault,
  EADDRINUSE: outcome.localFault,
  // Linux where its cause was already taken by someone else: ask again.
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

interface Conclusion {
  readonly state: PortState;
  readonly reason: Reason;
}

const conclusions: readonly Conclusion[] = [
  { state: 'unknown', reason: 'unknown' }, // pending: the scan ended before an answer
  { state: 'open', reason: 'syn-ack' },
  { state: 'closed', reason: 'conn-refused' },
  { state: 'filtered', reason: 'no-response' },
  { state: 'filtered', reason: 'host-unreach' },
  { state: 'filtered', reason: 'net-unreach' },
  { state: 'filtered', reason: 'admin-prohibited' },
  { state: 'filtered', reason: 'proto-unreach' },
  { state: 'filtered', reason: 'dest-unreach' },
  { state: 'open', reason: 'udp-response' },
  { state: 'closed', reason: 'port-unreach' },
  { state: 'unknown', reason: 'unknown' },
];

/** The state of a port and the reason for it, in nmap's words. */
export function concludePort(result: Outcome, transport: Transport): Conclusion {
  if (result === outcome.noResponse && transport === 'udp') {
    return { state: 'open|filtered', reason: 'no-response' };
  }
  return conclusions[result] ?? { state: 'unknown', reason: 'unknown' };
}

/** Whether the port itself, not something on the way, answered: then its host is up. */
export function isHostAnswer(result: Outcome): boolean {
  return (
    result === outcome.open ||
    result === outcome.refused ||
    result === outcome.datagram ||
    result === outcome.portUnreachable
  );
}

/** Whether the port is open. */
export function isOpen(result: Outcome): boolean {
  return result === outcome.open || result === outcome.datagram;
}
