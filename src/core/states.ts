/** States of a port: the four that scans record, and three from other scanners' files. */
export const portStates = [
  'open',
  'closed',
  'filtered',
  'open|filtered',
  'unfiltered',
  'closed|filtered',
  'unknown',
] as const;
export type PortState = (typeof portStates)[number];

export const transports = ['tcp', 'udp'] as const;
export type Transport = (typeof transports)[number];

export const hostStates = ['up', 'down', 'unknown'] as const;
export type HostState = (typeof hostStates)[number];

/**
 * Why a state was concluded, in nmap's words: first those of Portolan's scans, then those of other
 * scanners' files.
 */
export const reasons = [
  'syn-ack',
  'conn-refused',
  'no-response',
  'host-unreach',
  'net-unreach',
  'admin-prohibited',
  'proto-unreach',
  'dest-unreach',
  'udp-response',
  'port-unreach',
  'echo-reply',
  'user-set',
  'localhost-response',

  'reset',
  'rst-ack',
  'arp-response',
  'nd-response',
  'script-set',
  'time-exceeded',
  'host-prohibited',
  'net-prohibited',
  'no-route',
  'perm-denied',
  'proto-response',
  'tcp-response',
  'unknown-response',
  'ipid-change',
  'no-ipid-change',
  'addressmask-reply',
  'timestamp-reply',
  'source-quench',
  'unknown',
] as const;
export type Reason = (typeof reasons)[number];

/** Open or possibly open: ports in these states are stored by default; others are only counted. */
export function isRecordedByDefault(state: PortState): boolean {
  return state === 'open' || state === 'open|filtered';
}

/** Severities of a finding, lowest first. */
export const severities = ['unknown', 'info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];
