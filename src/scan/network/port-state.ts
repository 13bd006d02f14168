import type { PortState, Reason, Transport } from '../../core/states.ts';
import { outcome } from './outcome.ts';

/** The state of a port, and why, in nmap's words. */
export interface PortConclusion {
  readonly state: PortState;
  readonly reason: Reason;
}

const unknown: PortConclusion = { state: 'unknown', reason: 'unknown' };

/** States by outcome. An outcome that is not here says nothing about the port. */
const conclusions: ReadonlyMap<number, PortConclusion> = new Map([
  [outcome.open, { state: 'open', reason: 'syn-ack' }],
  [outcome.refused, { state: 'closed', reason: 'conn-refused' }],
  [outcome.noResponse, { state: 'filtered', reason: 'no-response' }],
  [outcome.hostUnreachable, { state: 'filtered', reason: 'host-unreach' }],
  [outcome.netUnreachable, { state: 'filtered', reason: 'net-unreach' }],
  [outcome.adminProhibited, { state: 'filtered', reason: 'admin-prohibited' }],
  [outcome.protocolUnreachable, { state: 'filtered', reason: 'proto-unreach' }],
  [outcome.destinationUnreachable, { state: 'filtered', reason: 'dest-unreach' }],
  [outcome.datagram, { state: 'open', reason: 'udp-response' }],
  [outcome.portUnreachable, { state: 'closed', reason: 'port-unreach' }],
]);

/** Silence is what most open UDP ports answer to a datagram that they do not understand. */
const silentUdp: PortConclusion = { state: 'open|filtered', reason: 'no-response' };

/** What the outcome of a probe says about its port. */
export function portStateOf(result: number, transport: Transport): PortConclusion {
  if (result === outcome.noResponse && transport === 'udp') return silentUdp;
  return conclusions.get(result) ?? unknown;
}
